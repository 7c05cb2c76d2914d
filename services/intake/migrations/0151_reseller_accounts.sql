-- Accounts of customers that a reseller's account acts for. A line that has ended stays.
create table reseller_accounts (
    reseller text not null,
    account  text not null,
    since    timestamptz not null,
    until    timestamptz,
    constraint reseller_accounts_pk primary key (reseller, account, since)
);
create index reseller_accounts_account on reseller_accounts (account);
