#include "app/decisions/bouncer_openapi.h"

namespace weir {
namespace {

constexpr const char* kDocument = R"json({
  "openapi": "3.1.0",
  "info": {
    "title": "weir decisions serve",
    "version": "1",
    "description": "Decisions about clients, for bouncers that speak the protocol of CrowdSec's local API"
  },
  "security": [{"apiKey": []}],
  "paths": {
    "/v1/decisions": {
      "get": {
        "operationId": "decisions",
        "summary": "The decisions to be enforced",
        "parameters": [
          {"name": "ip", "in": "query", "description": "those that act on this address, its networks included", "schema": {"type": "string"}},
          {"name": "range", "in": "query", "description": "those that act on exactly this network", "schema": {"type": "string"}},
          {"name": "value", "in": "query", "description": "those that act on exactly this", "schema": {"type": "string"}},
          {"$ref": "#/components/parameters/Scopes"},
          {"$ref": "#/components/parameters/Types"},
          {"$ref": "#/components/parameters/Origins"},
          {"$ref": "#/components/parameters/Containing"},
          {"$ref": "#/components/parameters/NotContaining"}
        ],
        "responses": {
          "200": {
            "description": "null: there is none",
            "content": {"application/json": {"schema": {"type": ["array", "null"], "items": {"$ref": "#/components/schemas/Decision"}}}}
          },
          "400": {"$ref": "#/components/responses/Refusal"},
          "401": {"description": "no key, or an unknown one"},
          "403": {"description": "the address may not call, or a browser calls from another site"},
          "414": {"description": "the path and query are longer than 2,048 bytes"},
          "429": {"description": "too many requests of one address; Retry-After says when"},
          "503": {"$ref": "#/components/responses/Refusal"}
        }
      }
    },
    "/v1/decisions/stream": {
      "get": {
        "operationId": "stream",
        "summary": "What changed since this bouncer's last call; the ends are to be applied first",
        "parameters": [
          {"name": "startup", "in": "query", "description": "true: everything", "schema": {"type": "boolean", "default": false}},
          {"$ref": "#/components/parameters/Scopes"},
          {"$ref": "#/components/parameters/Types"},
          {"$ref": "#/components/parameters/Origins"},
          {"$ref": "#/components/parameters/Containing"},
          {"$ref": "#/components/parameters/NotContaining"}
        ],
        "responses": {
          "200": {
            "description": "a bouncer that is not known gets everything",
            "content": {
              "application/json": {
                "schema": {
                  "type": "object",
                  "required": ["new", "deleted"],
                  "properties": {
                    "new": {"type": "array", "items": {"$ref": "#/components/schemas/Decision"}},
                    "deleted": {"type": "array", "items": {"$ref": "#/components/schemas/Decision"}}
                  }
                }
              }
            }
          },
          "400": {"$ref": "#/components/responses/Refusal"},
          "401": {"description": "no key, or an unknown one"},
          "403": {"description": "the address may not call, or a browser calls from another site"},
          "414": {"description": "the path and query are longer than 2,048 bytes"},
          "429": {"description": "too many requests of one address; Retry-After says when"},
          "503": {"$ref": "#/components/responses/Refusal"}
        }
      }
    }
  },
  "components": {
    "securitySchemes": {"apiKey": {"type": "apiKey", "in": "header", "name": "X-Api-Key"}},
    "parameters": {
      "Scopes": {"name": "scopes", "in": "query", "description": "of ip, range, api_key, customer, comma-separated", "schema": {"type": "string"}},
      "Types": {"name": "type", "in": "query", "description": "of ban, captcha, throttle, comma-separated", "schema": {"type": "string"}},
      "Origins": {"name": "origins", "in": "query", "description": "of weir, manual, comma-separated", "schema": {"type": "string"}},
      "Containing": {"name": "scenarios_containing", "in": "query", "schema": {"type": "string"}},
      "NotContaining": {"name": "scenarios_not_containing", "in": "query", "schema": {"type": "string"}}
    },
    "responses": {
      "Refusal": {
        "description": "says why",
        "content": {
          "application/json": {
            "schema": {"type": "object", "required": ["message"], "properties": {"message": {"type": "string"}}}
          }
        }
      }
    },
    "schemas": {
      "Decision": {
        "type": "object",
        "required": ["id", "origin", "scenario", "scope", "type", "value", "duration"],
        "properties": {
          "id": {"type": "integer"},
          "uuid": {"type": "string", "description": "the decision's id in the topic; not of what ended"},
          "origin": {"enum": ["weir", "manual"]},
          "scenario": {"type": "string", "description": "weir/ and the rule; manual; ended"},
          "scope": {"enum": ["Ip", "Range", "api_key", "customer"]},
          "type": {"enum": ["ban", "captcha", "throttle"]},
          "value": {"type": "string", "description": "an address, a network, a client"},
          "duration": {"type": "string", "description": "what is left, as Go writes it: 3599.500s"},
          "until": {"type": "string", "format": "date-time"},
          "retry_after": {"type": "integer", "description": "of a throttle: seconds between two requests"}
        }
      }
    }
  }
}
)json";

}  // namespace

std::string bouncer_openapi_document() {
  return kDocument;
}

}  // namespace weir
