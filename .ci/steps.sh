# Steps that are counted; sourced by the gates beside it.
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1

counts=$(mktemp)
export DHARMA_COUNTS_FILE=$counts
status=0

# step TITLE COMMAND…: what it counts itself, it appends to the file as `passed failed`.
step() {
  local title=$1 lines start
  shift
  printf '\n== %s\n' "$title"
  lines=$(wc -l <"$counts")
  start=$SECONDS
  if ! "$@"; then
    status=1
    # A step that failed without naming a failing test is one failure, not none.
    tail -n "+$((lines + 1))" "$counts" | grep -q ' [1-9]' || echo '0 1' >>"$counts"
  fi
  printf '== %s took %s s\n' "$title" "$((SECONDS - start))"
}

# The last line of a gate, and its exit code.
summary() {
  local passed=0 failed=0 more_passed more_failed
  while read -r more_passed more_failed; do
    passed=$((passed + more_passed)) failed=$((failed + more_failed))
  done <"$counts"
  rm -f "$counts"
  printf '\n%s passed, %s failed\n' "$passed" "$failed"
  [ "$status" -eq 0 ] && [ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
}
