# 广东: first websites of companies. The findings are `code rule field`.
package guangdong

import rego.v1

persons := [
	{"at": "organiser.principal", "is": input.p1},
	{"at": "services[0].principal", "is": input.p2},
]

finds(what, at, field) := concat("", [what, " ", at, field])

holds(text, words) if {
	some word in words
	contains(text, word)
}

# Check digits.

code_is_right(number) if {
	products := [product |
		some place, weight in data.tables.code_weights
		product := data.tables.code_values[substring(number, place, 1)] * weight
	]
	rest := (31 - (sum(products) % 31)) % 31
	data.tables.code_checks[rest] == substring(number, 17, 1)
}

citizen_is_right(number) if {
	products := [product |
		some place, weight in data.tables.citizen_weights
		product := to_number(substring(number, place, 1)) * weight
	]
	data.tables.citizen_checks[sum(products) % 11] == substring(number, 17, 1)
}

age(number) := floor((input.today_digits - to_number(substring(number, 6, 8))) / 10000) if citizen_is_right(number)

findings contains "S01 certificate_numbers organiser.certificate.number" if not code_is_right(input.organiser.number)

findings contains finds("S01 certificate_numbers", person.at, ".id.number") if {
	some person in persons
	not citizen_is_right(person.is.number)
}

# Validity and age.

findings contains "S01 licence_min_days organiser.certificate.valid_to" if input.organiser.valid_to - input.today < 90

findings contains finds("S01 id_min_days", person.at, ".id.valid_to") if {
	some person in persons
	person.is.valid_to - input.today < 90
}

findings contains finds("S11 min_age_unit", person.at, ".id.number") if {
	some person in persons
	age(person.is.number) < 16
}

findings contains finds("S11 minor_proof_unit", person.at, ".id.number") if {
	some person in persons
	years := age(person.is.number)
	years >= 16
	years < 18
	not is_uploaded("employment-proof")
}

# The organiser.

findings contains "S03 unit_in_province organiser.address.province_code" if input.organiser.province != 440000

findings contains "S12 address_complete organiser.address.detail" if not holds(input.organiser.detail, data.tables.door_signs)

findings contains "S12 address_same_city organiser.address.city_code" if {
	some city in data.tables.cities
	contains(input.organiser.address, city.name)
	city.code != input.organiser.city
}

findings contains "S04 register_agrees organiser.name" if input.enterprise.name != input.organiser.name

findings contains "S04 register_agrees organiser.certificate.number" if not input.enterprise.is_active

findings contains "S04 register_address_agrees organiser.certificate.address" if input.enterprise.address != input.organiser.address

findings contains "S02 lr_mode organiser.principal.name" if input.enterprise.representative != input.p1.name

# Phones and e-mails.

is_mobile(text) if {
	count(text) == 11
	startswith(text, "1")
	substring(text, 1, 1) in {"3", "4", "5", "6", "7", "8", "9"}
	to_number(text)
}

findings contains finds("T02 mobile_format", person.at, ".mobile") if {
	some person in persons
	not is_mobile(person.is.mobile)
}

findings contains finds("T02 mobile_deny_segments", person.at, ".mobile") if {
	some person in persons
	some segment in data.tables.segments
	startswith(person.is.mobile, segment)
}

is_email(text) if {
	parts := split(text, "@")
	count(parts) == 2
	parts[0] != ""
	contains(parts[1], ".")
	not contains(parts[1], "..")
}

findings contains finds("T04 email_format", person.at, ".email") if {
	some person in persons
	not is_email(person.is.email)
}

findings contains finds("T04 emergency_differs", person.at, ".emergency_phone") if {
	some person in persons
	person.is.emergency == person.is.mobile
}

findings contains finds("T03 phone_unique_across_subjects", person.at, ".mobile") if {
	some person in persons
	some used in input.phones
	used.mobile == person.is.mobile
	used.others > 0
}

findings contains "T03 distinct_contacts services[0].principal.mobile" if input.p1.mobile == input.p2.mobile

findings contains "T03 distinct_contacts services[0].principal.email" if input.p1.email == input.p2.email

findings contains "T03 distinct_phones services[0].principal.emergency_phone" if {
	count({input.p1.mobile, input.p1.emergency, input.p2.mobile, input.p2.emergency}) < 2
}

# The name.

findings contains "N01 name_state_words services[0].name" if holds(input.service.name, data.tables.state_words)

findings contains "N01 name_sensitive_words services[0].name" if holds(input.service.name, data.tables.sensitive_words)

findings contains "N01 name_regions services[0].name" if {
	some region in data.tables.regions
	contains(input.service.name, region)
	not contains(input.organiser.name, region)
}

findings contains "N01 college_marked services[0].name" if {
	contains(input.service.name, "学院")
	not holds(input.service.name, ["内部学院", "非独立机构"])
	not contains(input.organiser.name, "学院")
}

findings contains "C05 licensed_words services[0].name" if {
	some words in data.tables.licensed
	holds(input.service.name, words)
}

findings contains "C05 licensed_words organiser.name" if {
	some words in data.tables.licensed
	not holds(input.service.name, words)
	holds(input.organiser.name, words)
}

findings contains "C05 licensed_words_here services[0].name" if {
	some words in data.tables.licensed_here
	holds(input.service.name, words)
}

# The domain.

findings contains "D07 domains_per_website services[0].domains" if input.service.domains != 1

findings contains "D01 domain_real_named services[0].domains[0]" if input.domain.real_named == false

findings contains "D04 domain_min_days services[0].domains[0]" if input.domain.expires - input.today < 90

findings contains "D02 domain_holder services[0].domains[0]" if {
	input.domain.holder != input.organiser.name
	input.domain.holder != input.enterprise.representative
}

findings contains "D05 home_in_domain services[0].home_url" if {
	input.service.home != input.service.domain
	not endswith(input.service.home, concat("", [".", input.service.domain]))
}

# Contents and access.

findings contains "R01 content_other_remark services[0].remark" if {
	24 in input.service.contents
	input.service.is_remark_blank
}

findings contains "C05 content_licensed services[0].pre_approvals" if {
	some content in input.service.contents
	content in data.tables.licensed_contents
}

findings contains "A01 access_complete services[0].access.server_places" if {
	some place in input.service.places
	place in {13, 20, 30}
}

# Materials.

is_uploaded(kind) if {
	some material in input.materials
	material.kind == kind
}

findings contains concat("", ["V04 documents materials.", kind]) if {
	some kind in data.tables.documents
	not is_uploaded(kind)
}

# Mondays to Fridays up to a day, from a day that does not matter.
weekdays(day) := (floor((day + 3) / 7) * 5) + min([((day + 3) % 7) + 1, 5])

findings contains "V04 document_good_for materials.commitment" if {
	some material in input.materials
	material.kind == "commitment"
	weekdays(input.today) - weekdays(material.issued) > 60
}

findings contains concat("", ["S01 picture_bytes_max materials.", material.kind]) if {
	some material in input.materials
	material.bytes > 4194304
}

findings contains concat("", ["S01 picture_media_types materials.", material.kind]) if {
	some material in input.materials
	not material.media in data.tables.media
}
