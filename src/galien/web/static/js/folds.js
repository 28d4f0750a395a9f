// The facets start folded on a narrow screen; the ingest page follows its jobs.

export function folds() {
  if (innerWidth <= 760) for (const fold of document.querySelectorAll("details[data-fold]")) fold.open = false;
  const jobs = document.querySelector('[data-refresh="on"]');
  if (jobs) setTimeout(() => location.reload(), 2000);
}
