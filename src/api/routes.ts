import { createRoute, OpenAPIHono, z } from "@hono/zod-openapi";
import { answers, problemAnswer } from "./documents.ts";
import {
  endpointRequest,
  leaseQuery,
  networkChange,
  networkRequest,
  ownerQuery,
} from "./requests.ts";
import * as value from "./values.ts";

const JSON_TYPE = "application/json";

function answer<Schema extends z.ZodType>(schema: Schema, description: string) {
  const refused = {
    description: "Refused or failed; RFC 9457, with our code, remedy and facts.",
    content: { "application/problem+json": { schema: problemAnswer } },
  };
  const done = { description, content: { [JSON_TYPE]: { schema } } };
  return { 200: done, default: refused } as const;
}

function body<Schema extends z.ZodType>(schema: Schema) {
  return { required: true, content: { [JSON_TYPE]: { schema } } } as const;
}

const named = z.object({ name: value.networkName });

/** Every operation of the daemon: its method and path, what it takes, what it answers. */
export const routes = {
  daemon: createRoute({
    method: "get",
    path: "/v1/daemon",
    summary: "Who answers here.",
    responses: answer(answers.daemon, "The daemon."),
  }),
  listNetworks: createRoute({
    method: "get",
    path: "/v1/networks",
    summary: "List the networks.",
    responses: answer(answers.networks, "Every network."),
  }),
  createNetwork: createRoute({
    method: "post",
    path: "/v1/networks",
    summary: "Create a network on a parent link.",
    request: { body: body(networkRequest) },
    responses: answer(answers.network, "The network."),
  }),
  inspectNetwork: createRoute({
    method: "get",
    path: "/v1/networks/{name}",
    summary: "Show one network.",
    request: { params: named },
    responses: answer(answers.network, "The network."),
  }),
  updateNetwork: createRoute({
    method: "patch",
    path: "/v1/networks/{name}",
    summary: "Change a network's mode or list of peers, on its links too.",
    request: { params: named, body: body(networkChange) },
    responses: answer(answers.network, "The network as it is now."),
  }),
  removeNetwork: createRoute({
    method: "delete",
    path: "/v1/networks/{name}",
    summary: "Remove a network that has no endpoints.",
    request: { params: named },
    responses: answer(answers.network, "The network as it was."),
  }),
  listEndpoints: createRoute({
    method: "get",
    path: "/v1/endpoints",
    summary: "List the endpoints.",
    responses: answer(answers.endpoints, "Every endpoint."),
  }),
  attach: createRoute({
    method: "post",
    path: "/v1/endpoints",
    summary: "Attach a sandbox to a network. Hanging up before the answer undoes it.",
    request: { body: body(endpointRequest) },
    responses: answer(answers.endpoint, "The endpoint."),
  }),
  detachOwner: createRoute({
    method: "delete",
    path: "/v1/endpoints",
    summary: "Detach what a sandbox has under this name.",
    request: { query: ownerQuery },
    responses: answer(answers.endpoint, "The endpoint as it was."),
  }),
  detach: createRoute({
    method: "delete",
    path: "/v1/endpoints/{id}",
    summary: "Detach an endpoint.",
    request: { params: z.object({ id: value.endpointId }) },
    responses: answer(answers.endpoint, "The endpoint as it was."),
  }),
  listLeases: createRoute({
    method: "get",
    path: "/v1/leases",
    summary: "List the addresses that are held or resting.",
    responses: answer(answers.leases, "Every address in the book."),
  }),
  releaseLease: createRoute({
    method: "delete",
    path: "/v1/leases/{address}",
    summary: "End the rest of an address.",
    request: { params: z.object({ address: value.address }), query: leaseQuery },
    responses: answer(answers.leases, "The rests that were ended."),
  }),
  status: createRoute({
    method: "get",
    path: "/v1/status",
    summary: "Compare the book with the kernel; changes nothing.",
    responses: answer(answers.findings, "Where they do not agree, and what is in flight."),
  }),
  reconcile: createRoute({
    method: "post",
    path: "/v1/reconcile",
    summary: "End what was interrupted, collect what is gone.",
    responses: answer(answers.reconciled, "What became of each finding."),
  }),
} as const;

/** The routes as OpenAPI 3.1. */
export function describe(): object {
  const app = new OpenAPIHono();
  for (const route of Object.values(routes)) app.openAPIRegistry.registerPath(route);
  const info = { title: "Landfall", version: "1" };
  return app.getOpenAPI31Document({ openapi: "3.1.0", info });
}
