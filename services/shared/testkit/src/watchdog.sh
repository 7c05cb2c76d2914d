# Runs a server and stops it when standard input ends, that is when the owner of the other end is gone.
# Arguments: signal that stops the server; directory to remove after such a stop (or empty); the command.
# Each line on standard input names a signal for the server.
stop_signal=$1
remove=$2
shift 2
exec 3<&0

"$@" </dev/null 3<&- &
server=$!

(
    while read -r signal; do
        kill -s "$signal" "$server"
    done
    if [ -n "$remove" ]; then
        : >"$remove/.owner-is-gone"
    fi
    kill -s "$stop_signal" "$server"
    kill -s CONT "$server"
    tries=0
    while kill -0 "$server" && [ "$tries" -lt 400 ]; do
        sleep 0.05
        tries=$((tries + 1))
    done
    kill -s KILL "$server"
) <&3 >/dev/null 2>&1 &
watcher=$!
exec 3<&-

wait "$server"
code=$?
kill -s KILL "$watcher" 2>/dev/null
if [ -n "$remove" ] && [ -e "$remove/.owner-is-gone" ]; then
    rm -rf -- "$remove"
fi
exit "$code"
