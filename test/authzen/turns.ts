/** Counts how often somebody else could have had the thread. */
export function countTurns(): { stop(): number } {
  let turns = 0;
  let next = setImmediate(count);
  function count() {
    turns++;
    next = setImmediate(count);
  }
  return {
    stop() {
      clearImmediate(next);
      return turns;
    },
  };
}
