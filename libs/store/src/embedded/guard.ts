/**
 * Runs PostgreSQL for as long as somebody holds the other end of its standard input. A parent that is killed closes that
 * pipe without a word, and a server it had started directly would live on. `$1` is the folder of the socket, which goes
 * with the server; the command follows.
 *
 * SIGINT makes PostgreSQL stop at once and in order; SIGQUIT, ten seconds later, makes it stop without tidying up.
 */
export const GUARD = `
sockets=$1
shift
exec 3<&0
"$@" 3<&- </dev/null &
server=$!
{
  while read -r line <&3; do :; done
  kill -INT "$server"
  seconds=0
  while kill -0 "$server" && [ "$seconds" -lt 10 ]; do sleep 1; seconds=$((seconds + 1)); done
  kill -QUIT "$server"
} 2>/dev/null &
watcher=$!
exec 3<&-
wait "$server"
status=$?
kill "$watcher" 2>/dev/null
rm -rf "$sockets"
exit "$status"
`;
