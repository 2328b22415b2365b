/** Runs `work` once after so many milliseconds. @returns what cancels it */
export function planned(milliseconds: number, work: () => void): () => void {
  const timer = setTimeout(work, milliseconds);
  return () => clearTimeout(timer);
}
