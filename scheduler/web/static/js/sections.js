// On small screens the clinic's sections lie side by side: bring the open one into sight.
"use strict";

const opened = document.querySelector(".sections [aria-current]");
const strip = opened?.closest(".sections");
if (strip) strip.scrollLeft = opened.offsetLeft - strip.offsetLeft - (strip.clientWidth - opened.clientWidth) / 2;
