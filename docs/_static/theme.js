// Applies the reader's choice of colours before the page is drawn, as the theme's inline script does.
document.body.dataset.theme = localStorage.getItem("theme") || "auto";
