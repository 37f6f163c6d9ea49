/** Shows a report in the page, where the matrix reads it. */
export function show(report) {
  document.body.textContent = JSON.stringify(report);
  document.body.dataset.state = "ended";
}
