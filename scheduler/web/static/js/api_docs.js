// Shows the OpenAPI document with Swagger UI; everything comes from this server.
const page = document.getElementById("api-docs");

window.SwaggerUIBundle({
  domNode: page,
  url: page.dataset.document,
  deepLinking: true,
  validatorUrl: null,
  presets: [window.SwaggerUIBundle.presets.apis],
  layout: "BaseLayout",
});
