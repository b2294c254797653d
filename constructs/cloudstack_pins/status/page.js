"use strict";
// The page reads without this: it only filters rows and says how old the data is.
const seen = Date.parse(document.getElementById("seen").dateTime);
function tell() {
  const minutes = Math.max(0, Math.floor((Date.now() - seen) / 60000));
  const words = minutes < 1 ? "just now" : minutes < 120 ? `${minutes} min ago`
    : minutes < 2880 ? `${Math.floor(minutes / 60)} hours ago` : `${Math.floor(minutes / 1440)} days ago`;
  const age = document.getElementById("age");
  age.textContent = ` (${words})`;
  age.className = minutes >= 60 ? "old" : "";
}
tell();
setInterval(tell, 30000);
for (const form of document.querySelectorAll("form.filter")) {
  const [text, bad] = form.querySelectorAll("input");
  const rows = document.querySelectorAll(`#${form.dataset.for} .matrix tbody tr`);
  form.hidden = false;
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", () => {
    const wanted = text.value.trim().toLowerCase();
    let shown = 0;
    for (const row of rows) {
      const fits = row.firstElementChild.textContent.toLowerCase().includes(wanted);
      row.hidden = !fits || (bad.checked && !("bad" in row.dataset));
      shown += row.hidden ? 0 : 1;
    }
    form.querySelector("output").value = `${shown} of ${rows.length} templates`;
  });
}
