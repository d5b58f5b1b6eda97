function start() {
  const book = data();
  startTheme();
  startDownloads();
  const charts = all("svg.chart").map((svg) => [svg, book.charts[Number(svg.dataset.chart)]]);
  for (const [svg, chart] of charts) startChart(svg, chart, book);
  for (const svg of all("figure svg[role=img]:not(.chart, .trend)")) startMarks(svg);
  all("table").forEach(startTable);
  startFilters(book, () => { for (const [svg, chart] of charts) redraw(svg, chart, book); });
  startPages();
}

if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
else start();
