// Under LANG=C, Chromium's language is "en-US@posix", which Intl refuses, and so uPlot as soon as it is loaded.
try {
  Intl.getCanonicalLocales(navigator.language);
} catch {
  Object.defineProperty(navigator, "language", { value: "en" });
}
