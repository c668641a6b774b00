/** Files that are imported as text, `with { type: "text" }`. */
declare module "*.yaml" {
  const text: string;
  export = text;
}
declare module "*.service" {
  const text: string;
  export = text;
}
declare module "*.socket" {
  const text: string;
  export = text;
}
declare module "*.sh" {
  const text: string;
  export = text;
}
declare module "*.conflist" {
  const text: string;
  export = text;
}
