/** A table in Markdown, its columns as wide as their widest cell, but for the last: nothing stands to the right of it. */
export function table(heading: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = heading.slice(0, -1).map((_, column) => Math.max(...[heading, ...rows].map((row) => row[column]?.length ?? 0)));
  const padded = (cells: readonly string[]) => heading.map((_, column) => (cells[column] ?? '').padEnd(widths[column] ?? 0));
  const line = (cells: readonly string[]) => `| ${padded(cells).join(' | ')} |`;
  return [line(heading), line([...widths.map((width) => '-'.repeat(width)), '---']), ...rows.map(line)].join('\n');
}
