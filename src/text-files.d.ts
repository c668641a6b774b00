/** Files that are imported as text, `with { type: "text" }`. */
declare module "*.yaml" {
  const text: string;
  export = text;
}
