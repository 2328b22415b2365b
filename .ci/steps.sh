# Steps that are counted; sourced by the gates beside it.
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1

counts=$(mktemp)
failures=$(mktemp)
export DHARMA_COUNTS_FILE=$counts DHARMA_FAILURES_FILE=$failures
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
    printf 'failed: %s\n' "$title" >>"$failures"
  fi
  printf '== %s took %s s\n' "$title" "$((SECONDS - start))"
}

# What failed, which of a long output is all that some show; then the last line of a gate, and its exit code.
summary() {
  local passed=0 failed=0 more_passed more_failed
  while read -r more_passed more_failed; do
    passed=$((passed + more_passed)) failed=$((failed + more_failed))
  done <"$counts"
  printf '\n'
  cat "$failures"
  rm -f "$counts" "$failures"
  printf '%s passed, %s failed\n' "$passed" "$failed"
  [ "$status" -eq 0 ] && [ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
}
