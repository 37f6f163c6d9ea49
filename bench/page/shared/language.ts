// Replaces a language that Intl rejects, before uPlot is imported: under LANG=C, Chromium's is "en-US@posix",
// and uPlot throws on loading.
try {
  Intl.getCanonicalLocales(navigator.language);
} catch {
  Object.defineProperty(navigator, "language", { value: "en" });
}
