// The first start: the time zone of the computer where the clinic is set up is most likely the clinic's.
"use strict";

{
  const zone = document.querySelector('select[name="zone"]');
  const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (!zone.value && [...zone.options].some((option) => option.value === here)) zone.value = here;
}
