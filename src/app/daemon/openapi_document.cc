#include "app/daemon/openapi_document.h"

#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

namespace weir {
namespace {

constexpr std::string_view kVersionMark = "@VERSION@";
constexpr const char* kAnalyze = "/api/v1/analyze";

constexpr std::string_view kDocument = R"json({
  "openapi": "3.1.0",
  "info": {
    "title": "weir",
    "summary": "Streaming detector of attacks and abuse in HTTP request logs",
    "version": "@VERSION@",
    "license": {"name": "Apache 2.0", "identifier": "Apache-2.0"}
  },
  "paths": {
    "/metrics": {
      "get": {
        "operationId": "metrics",
        "summary": "Metrics in Prometheus' text format",
        "security": [],
        "responses": {
          "200": {"description": "the metrics", "content": {"text/plain": {"schema": {"type": "string"}}}},
          "400": {"$ref": "#/components/responses/BadRequest"},
          "405": {"$ref": "#/components/responses/MethodNotAllowed"},
          "408": {"$ref": "#/components/responses/Timeout"},
          "413": {"$ref": "#/components/responses/TooLarge"},
          "414": {"$ref": "#/components/responses/TargetTooLong"},
          "417": {"$ref": "#/components/responses/ExpectationFailed"},
          "431": {"$ref": "#/components/responses/HeadTooLarge"},
          "500": {"$ref": "#/components/responses/Failed"}
        }
      }
    },
    "/-/healthy": {
      "get": {
        "operationId": "healthy",
        "summary": "Whether the process should go on",
        "security": [],
        "responses": {
          "200": {"description": "it should", "content": {"text/plain": {"schema": {"type": "string"}}}},
          "503": {
            "description": "a lane has failed or hangs: start it again",
            "content": {"text/plain": {"schema": {"type": "string"}}}
          },
          "400": {"$ref": "#/components/responses/BadRequest"},
          "405": {"$ref": "#/components/responses/MethodNotAllowed"},
          "408": {"$ref": "#/components/responses/Timeout"},
          "413": {"$ref": "#/components/responses/TooLarge"},
          "414": {"$ref": "#/components/responses/TargetTooLong"},
          "417": {"$ref": "#/components/responses/ExpectationFailed"},
          "431": {"$ref": "#/components/responses/HeadTooLarge"},
          "500": {"$ref": "#/components/responses/Failed"}
        }
      }
    },
    "/-/ready": {
      "get": {
        "operationId": "ready",
        "summary": "Whether every lane has joined its group",
        "security": [],
        "responses": {
          "200": {"description": "it has", "content": {"text/plain": {"schema": {"type": "string"}}}},
          "503": {"description": "not yet, and why", "content": {"text/plain": {"schema": {"type": "string"}}}},
          "400": {"$ref": "#/components/responses/BadRequest"},
          "405": {"$ref": "#/components/responses/MethodNotAllowed"},
          "408": {"$ref": "#/components/responses/Timeout"},
          "413": {"$ref": "#/components/responses/TooLarge"},
          "414": {"$ref": "#/components/responses/TargetTooLong"},
          "417": {"$ref": "#/components/responses/ExpectationFailed"},
          "431": {"$ref": "#/components/responses/HeadTooLarge"},
          "500": {"$ref": "#/components/responses/Failed"}
        }
      }
    },
    "/-/status": {
      "get": {
        "operationId": "status",
        "summary": "Version, rules, lanes, lag and what the input has",
        "security": [{}, {"bearer": []}, {"apiKey": []}],
        "responses": {
          "200": {"description": "the state", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Status"}}}},
          "400": {"$ref": "#/components/responses/BadRequest"},
          "401": {"$ref": "#/components/responses/Unauthorized"},
          "403": {"$ref": "#/components/responses/Forbidden"},
          "405": {"$ref": "#/components/responses/MethodNotAllowed"},
          "408": {"$ref": "#/components/responses/Timeout"},
          "413": {"$ref": "#/components/responses/TooLarge"},
          "414": {"$ref": "#/components/responses/TargetTooLong"},
          "417": {"$ref": "#/components/responses/ExpectationFailed"},
          "429": {"$ref": "#/components/responses/TooManyRequests"},
          "431": {"$ref": "#/components/responses/HeadTooLarge"},
          "500": {"$ref": "#/components/responses/Failed"},
          "503": {"$ref": "#/components/responses/Busy"}
        }
      }
    },
    "/-/reload": {
      "post": {
        "operationId": "reload",
        "summary": "Reload the rules and wait for it",
        "security": [{}, {"bearer": []}, {"apiKey": []}],
        "responses": {
          "200": {
            "description": "the new set is in force",
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Reload"}}}
          },
          "422": {
            "description": "refused, the set before stays in force",
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Reload"}}}
          },
          "400": {"$ref": "#/components/responses/BadRequest"},
          "401": {"$ref": "#/components/responses/Unauthorized"},
          "403": {"$ref": "#/components/responses/Forbidden"},
          "405": {"$ref": "#/components/responses/MethodNotAllowed"},
          "408": {"$ref": "#/components/responses/Timeout"},
          "413": {"$ref": "#/components/responses/TooLarge"},
          "414": {"$ref": "#/components/responses/TargetTooLong"},
          "417": {"$ref": "#/components/responses/ExpectationFailed"},
          "429": {"$ref": "#/components/responses/TooManyRequests"},
          "431": {"$ref": "#/components/responses/HeadTooLarge"},
          "500": {"$ref": "#/components/responses/Failed"},
          "503": {"$ref": "#/components/responses/Busy"}
        }
      }
    },
    "/api/v1/analyze": {
      "post": {
        "operationId": "analyze",
        "summary": "What weir makes of one record; nothing is counted or published",
        "security": [{}, {"bearer": []}, {"apiKey": []}],
        "requestBody": {
          "required": true,
          "description": "a record in the form of the configured input profile",
          "content": {"application/json": {"schema": {"type": "object"}}}
        },
        "responses": {
          "200": {"description": "event, lines, hits and score", "content": {"application/json": {"schema": {"type": "object"}}}},
          "422": {
            "description": "the record cannot be read",
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Unreadable"}}}
          },
          "400": {"$ref": "#/components/responses/BadRequest"},
          "401": {"$ref": "#/components/responses/Unauthorized"},
          "403": {"$ref": "#/components/responses/Forbidden"},
          "405": {"$ref": "#/components/responses/MethodNotAllowed"},
          "408": {"$ref": "#/components/responses/Timeout"},
          "413": {"$ref": "#/components/responses/TooLarge"},
          "414": {"$ref": "#/components/responses/TargetTooLong"},
          "417": {"$ref": "#/components/responses/ExpectationFailed"},
          "429": {"$ref": "#/components/responses/TooManyRequests"},
          "431": {"$ref": "#/components/responses/HeadTooLarge"},
          "500": {"$ref": "#/components/responses/Failed"},
          "503": {"$ref": "#/components/responses/Busy"},
          "411": {"$ref": "#/components/responses/LengthRequired"},
          "415": {"$ref": "#/components/responses/UnsupportedMediaType"}
        }
      }
    },
    "/api/v1/clients/{id}": {
      "get": {
        "operationId": "client",
        "summary": "What is kept of one client: its window, points, open episodes, decisions and alerts of late",
        "security": [{}, {"bearer": []}, {"apiKey": []}],
        "parameters": [
          {
            "name": "id",
            "in": "path",
            "required": true,
            "description": "the client as alerts name it; customer:, api_key: or address: before it say which kind it is",
            "schema": {"type": "string", "minLength": 1, "maxLength": 512}
          }
        ],
        "responses": {
          "200": {"description": "the client", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Client"}}}},
          "404": {
            "description": "it is not known, or another process has its partition: the answer says which",
            "content": {
              "application/json": {"schema": {"$ref": "#/components/schemas/ClientElsewhere"}},
              "text/plain": {"schema": {"type": "string"}}
            }
          },
          "422": {
            "description": "this can be no client",
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Refusal"}}}
          },
          "503": {
            "description": "busy, or the client's partition is being restored: ask again",
            "content": {
              "application/json": {"schema": {"$ref": "#/components/schemas/Refusal"}},
              "text/plain": {"schema": {"type": "string"}}
            }
          },
          "400": {"$ref": "#/components/responses/BadRequest"},
          "401": {"$ref": "#/components/responses/Unauthorized"},
          "403": {"$ref": "#/components/responses/Forbidden"},
          "405": {"$ref": "#/components/responses/MethodNotAllowed"},
          "408": {"$ref": "#/components/responses/Timeout"},
          "413": {"$ref": "#/components/responses/TooLarge"},
          "414": {"$ref": "#/components/responses/TargetTooLong"},
          "417": {"$ref": "#/components/responses/ExpectationFailed"},
          "429": {"$ref": "#/components/responses/TooManyRequests"},
          "431": {"$ref": "#/components/responses/HeadTooLarge"},
          "500": {"$ref": "#/components/responses/Failed"}
        }
      }
    },
    "/api/v1/clients/{id}/forget": {
      "post": {
        "operationId": "forgetClient",
        "summary": "Close a client's episodes and forget what is kept of it",
        "security": [{}, {"bearer": []}, {"apiKey": []}],
        "parameters": [
          {
            "name": "id",
            "in": "path",
            "required": true,
            "description": "the client as alerts name it; customer:, api_key: or address: before it say which kind it is",
            "schema": {"type": "string", "minLength": 1, "maxLength": 512}
          }
        ],
        "requestBody": {
          "required": true,
          "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Forget"}}}
        },
        "responses": {
          "202": {
            "description": "the decision stands in the stream of observations and is in force from that offset on",
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Decided"}}}
          },
          "422": {
            "description": "this can be no client, or no such decision",
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Refusal"}}}
          },
          "503": {
            "description": "busy, or the brokers do not take it",
            "content": {
              "application/json": {"schema": {"$ref": "#/components/schemas/Refusal"}},
              "text/plain": {"schema": {"type": "string"}}
            }
          },
          "400": {"$ref": "#/components/responses/BadRequest"},
          "401": {"$ref": "#/components/responses/Unauthorized"},
          "403": {"$ref": "#/components/responses/Forbidden"},
          "404": {"$ref": "#/components/responses/NotFound"},
          "405": {"$ref": "#/components/responses/MethodNotAllowed"},
          "408": {"$ref": "#/components/responses/Timeout"},
          "411": {"$ref": "#/components/responses/LengthRequired"},
          "413": {"$ref": "#/components/responses/TooLarge"},
          "414": {"$ref": "#/components/responses/TargetTooLong"},
          "415": {"$ref": "#/components/responses/UnsupportedMediaType"},
          "417": {"$ref": "#/components/responses/ExpectationFailed"},
          "429": {"$ref": "#/components/responses/TooManyRequests"},
          "431": {"$ref": "#/components/responses/HeadTooLarge"},
          "500": {"$ref": "#/components/responses/Failed"}
        }
      }
    },
    "/api/v1/openapi.json": {
      "get": {
        "operationId": "openapi",
        "summary": "This document",
        "security": [{}, {"bearer": []}, {"apiKey": []}],
        "responses": {
          "200": {"description": "the document", "content": {"application/json": {"schema": {"type": "object"}}}},
          "400": {"$ref": "#/components/responses/BadRequest"},
          "401": {"$ref": "#/components/responses/Unauthorized"},
          "403": {"$ref": "#/components/responses/Forbidden"},
          "405": {"$ref": "#/components/responses/MethodNotAllowed"},
          "408": {"$ref": "#/components/responses/Timeout"},
          "413": {"$ref": "#/components/responses/TooLarge"},
          "414": {"$ref": "#/components/responses/TargetTooLong"},
          "417": {"$ref": "#/components/responses/ExpectationFailed"},
          "429": {"$ref": "#/components/responses/TooManyRequests"},
          "431": {"$ref": "#/components/responses/HeadTooLarge"},
          "500": {"$ref": "#/components/responses/Failed"},
          "503": {"$ref": "#/components/responses/Busy"}
        }
      }
    }
  },
  "components": {
    "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}, "apiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"}},
    "schemas": {
      "Lane": {
        "type": "object",
        "required": ["name", "stage", "partitions", "lag"],
        "properties": {
          "name": {"type": "string"},
          "stage": {"enum": ["detect", "score"]},
          "records": {"type": "integer"},
          "rule_set_changes": {"type": "integer"},
          "observations": {"type": "integer"},
          "partitions": {"type": "integer"},
          "lag": {"type": "integer"}
        }
      },
      "Refusal": {"type": "object", "required": ["error"], "properties": {"error": {"type": "string"}}},
      "ClientElsewhere": {
        "type": "object",
        "required": ["error", "client", "client_type", "partition", "owner"],
        "properties": {
          "error": {"type": "string"},
          "client": {"type": "string"},
          "client_type": {"enum": ["customer", "api_key", "address"]},
          "partition": {"$ref": "#/components/schemas/ClientPartition"},
          "owner": {"type": ["object", "null"], "description": "who has the partition; null when nobody has, or the brokers do not say"}
        }
      },
      "ClientPartition": {
        "type": "object",
        "required": ["topic", "number"],
        "properties": {"topic": {"type": "string"}, "number": {"type": "integer"}}
      },
      "Episode": {
        "type": "object",
        "required": ["episode_id", "kind", "severity", "count", "first_seen", "last_seen"],
        "properties": {
          "episode_id": {"type": "string"},
          "kind": {"enum": ["attack", "abuse", "burst"]},
          "severity": {"type": "string"},
          "count": {"type": "integer"},
          "first_seen": {"type": "string", "format": "date-time"},
          "last_seen": {"type": "string", "format": "date-time"},
          "categories": {"type": "array", "items": {"type": "string"}},
          "outcome": {"type": "string"},
          "reasons": {"type": "array", "items": {"type": "string"}},
          "risk_score": {"type": "integer"}
        }
      },
      "Client": {
        "type": "object",
        "required": ["client", "client_type", "partition", "owner", "as_of", "known", "silences", "decisions", "recent_alerts"],
        "properties": {
          "client": {"type": "string"},
          "client_type": {"enum": ["customer", "api_key", "address"]},
          "partition": {"$ref": "#/components/schemas/ClientPartition"},
          "owner": {"type": "object", "properties": {"lane": {"type": "string"}, "instance_id": {"type": "string"}}},
          "as_of": {"type": "object", "description": "the offset and the event time up to which the partition is scored"},
          "known": {"type": "boolean", "description": "false: no record of it is kept, but alerts of late, silences or decisions are"},
          "last_record": {"type": "string", "format": "date-time"},
          "newest_record": {"type": "string", "format": "date-time"},
          "window": {"type": "object", "description": "its last requests and the points they have"},
          "burst_window": {"type": "object", "description": "counts of its newest window for bursts"},
          "open_episodes": {"type": "array", "items": {"$ref": "#/components/schemas/Episode"}},
          "silences": {"type": "array", "items": {"type": "object"}, "description": "in force: until when, why, whose decision"},
          "decisions": {"$ref": "#/components/schemas/ClientDecisions"},
          "recent_alerts": {"type": "array", "maxItems": 20, "items": {"type": "object"}}
        }
      },
      "ClientDecisions": {
        "type": "object",
        "required": ["in_force", "times"],
        "properties": {
          "in_force": {"anyOf": [{"$ref": "#/components/schemas/Decision"}, {"type": "null"}]},
          "times": {"type": "integer", "minimum": 0, "description": "decisions of rules that make the next one longer"},
          "last_until": {"type": "string", "format": "date-time", "description": "when the last one ends or ended"}
        }
      },
      "Decision": {
        "type": "object",
        "description": "as the topic of decisions has it",
        "required": ["version", "id", "action", "scope", "value", "client_type", "client", "from", "until", "times", "simulate"],
        "properties": {
          "version": {"const": 1},
          "id": {"type": "string"},
          "action": {"enum": ["ban", "captcha", "throttle"]},
          "scope": {"enum": ["ip", "range", "api_key", "customer"]},
          "value": {"type": "string", "description": "what to act on"},
          "client_type": {"enum": ["customer", "api_key", "address"]},
          "client": {"type": "string"},
          "rule": {"type": "string", "description": "of decisions.rules; without it a person decided"},
          "reason": {"type": "string"},
          "alert_id": {"type": "string"},
          "caller": {"type": "string", "description": "the person"},
          "from": {"type": "string", "format": "date-time"},
          "until": {"type": "string", "format": "date-time"},
          "retry_after_s": {"type": "integer"},
          "times": {"type": "integer"},
          "simulate": {"type": "boolean"}
        }
      },
      "Forget": {
        "type": "object",
        "required": ["reason"],
        "additionalProperties": false,
        "properties": {"reason": {"type": "string", "minLength": 1, "maxLength": 256}}
      },
      "SilenceFor": {
        "type": "object",
        "required": ["reason", "duration_s"],
        "additionalProperties": false,
        "properties": {
          "reason": {"type": "string", "minLength": 1, "maxLength": 256},
          "duration_s": {"type": "integer", "minimum": 0, "maximum": 604800, "description": "0 ends a silence"},
          "episode_id": {"type": "string", "minLength": 1, "maxLength": 64, "description": "only of this episode"}
        }
      },
      "DecideFor": {
        "type": "object",
        "required": ["reason", "action", "duration_s"],
        "additionalProperties": false,
        "properties": {
          "reason": {"type": "string", "minLength": 1, "maxLength": 256},
          "action": {"enum": ["ban", "captcha", "throttle"]},
          "duration_s": {"type": "integer", "minimum": 1, "maximum": 31622400},
          "retry_after_s": {"type": "integer", "minimum": 0, "maximum": 86400, "description": "of a throttle: between two requests"}
        }
      },
      "Decided": {
        "type": "object",
        "required": ["decision", "client", "client_type", "partition", "offset"],
        "properties": {
          "decision": {"enum": ["forget", "silence", "decide", "lift"]},
          "action": {"enum": ["ban", "captcha", "throttle"]},
          "client": {"type": "string"},
          "client_type": {"enum": ["customer", "api_key", "address"]},
          "partition": {"$ref": "#/components/schemas/ClientPartition"},
          "offset": {"type": "integer"},
          "until": {"type": ["string", "null"], "description": "null: a silence was ended"},
          "episode_id": {"type": "string"}
        }
      },
      "Finding": {
        "type": "object",
        "required": ["severity", "file", "line", "message"],
        "properties": {
          "severity": {"enum": ["error", "warning"]},
          "file": {"type": "string"},
          "line": {"type": "integer"},
          "message": {"type": "string"},
          "hint": {"type": "string"}
        }
      },
      "Status": {
        "type": "object",
        "required": ["version", "uptime_seconds", "ready", "rules", "lanes", "lag", "sources"],
        "properties": {
          "version": {"type": "string"},
          "uptime_seconds": {"type": "integer"},
          "ready": {"type": "boolean"},
          "reason": {"type": "string", "description": "why it is not ready"},
          "rules": {
            "type": "object",
            "required": ["rule_set", "count", "last_reload"],
            "properties": {
              "rule_set": {"type": "string"},
              "count": {"type": "integer"},
              "last_reload": {
                "type": "object",
                "required": ["time", "successful"],
                "properties": {
                  "time": {"type": "string", "format": "date-time"},
                  "successful": {"type": "boolean"},
                  "error": {"type": "string"}
                }
              }
            }
          },
          "policy": {"type": "object"},
          "lanes": {"type": "array", "items": {"$ref": "#/components/schemas/Lane"}},
          "lag": {"type": "integer"},
          "sources": {"type": "array", "items": {"type": "object"}, "description": "what was read of each source, and its fields"}
        }
      },
      "Reload": {
        "type": "object",
        "required": ["reloaded", "rule_set", "rules", "diagnostics"],
        "properties": {
          "reloaded": {"type": "boolean"},
          "error": {"type": "string"},
          "rule_set": {"type": "string"},
          "rules": {"type": "integer"},
          "diagnostics": {"type": "array", "items": {"$ref": "#/components/schemas/Finding"}}
        }
      },
      "Unreadable": {
        "type": "object",
        "required": ["error", "reason"],
        "properties": {"error": {"type": "string"}, "reason": {"type": "string"}}
      }
    },
    "responses": {
      "BadRequest": {"description": "malformed, or a query: no call takes one", "content": {"text/plain": {"schema": {"type": "string"}}}},
      "Unauthorized": {"description": "no known API key", "content": {"text/plain": {"schema": {"type": "string"}}}},
      "Forbidden": {"description": "not from this address, or from a web page", "content": {"text/plain": {"schema": {"type": "string"}}}},
      "NotFound": {"description": "no such source", "content": {"text/plain": {"schema": {"type": "string"}}}},
      "MethodNotAllowed": {"description": "the header Allow says which", "content": {"text/plain": {"schema": {"type": "string"}}}},
      "Timeout": {"description": "the request did not arrive in time", "content": {"text/plain": {"schema": {"type": "string"}}}},
      "LengthRequired": {"description": "a body needs its length", "content": {"text/plain": {"schema": {"type": "string"}}}},
      "TooLarge": {"description": "the body is too large, or none is wanted", "content": {"text/plain": {"schema": {"type": "string"}}}},
      "TargetTooLong": {"description": "more than 2,048 bytes", "content": {"text/plain": {"schema": {"type": "string"}}}},
      "UnsupportedMediaType": {"description": "the body must be plain application/json", "content": {"text/plain": {"schema": {"type": "string"}}}},
      "ExpectationFailed": {"description": "no expectations are met", "content": {"text/plain": {"schema": {"type": "string"}}}},
      "TooManyRequests": {
        "description": "of this address within a minute; Retry-After says when again",
        "content": {"text/plain": {"schema": {"type": "string"}}}
      },
      "HeadTooLarge": {"description": "more than 16 KiB", "content": {"text/plain": {"schema": {"type": "string"}}}},
      "Failed": {"description": "a fault; the log says more", "content": {"text/plain": {"schema": {"type": "string"}}}},
      "Busy": {
        "description": "two calls are being answered; Retry-After says when again",
        "content": {"text/plain": {"schema": {"type": "string"}}}
      }
    }
  }
}
)json";

/// An order about a client: what differs from the one that the document has whole.
struct Order {
  const char* name;
  const char* operation;
  const char* summary;
  const char* body;
  const char* refusal = "this can be no client, or no such decision";
};
constexpr const char* kClients = "/api/v1/clients/{id}/";
constexpr const char* kWholeOrder = "forget";
constexpr Order kOrders[] = {
    {"silence", "silenceClient", "Leave out the alerts of a client, or of one of its episodes, for a while",
     "SilenceFor"},
    {"decide", "decideAboutClient", "Make a decision about a client, whatever its alerts say, for those who enforce it",
     "DecideFor", "this can be no client, is never the subject of a decision, or no such decision"},
    {"lift", "liftDecision", "End the decision about a client", "Forget"},
};

void add_orders(nlohmann::ordered_json& paths) {
  const auto whole = paths[std::string(kClients) + kWholeOrder];
  for (const Order& order : kOrders) {
    auto path = whole;
    auto& call = path["post"];
    call["operationId"] = order.operation;
    call["summary"] = order.summary;
    call["requestBody"]["content"]["application/json"]["schema"]["$ref"] =
        std::string("#/components/schemas/") + order.body;
    call["responses"]["422"]["description"] = order.refusal;
    paths[std::string(kClients) + order.name] = std::move(path);
  }
}

}  // namespace

std::string openapi_document(std::span<const std::string> sources) {
  std::string text(kDocument);
  text.replace(text.find(kVersionMark), kVersionMark.size(), WEIR_VERSION);
  auto document = nlohmann::ordered_json::parse(text);
  auto& paths = document["paths"];
  add_orders(paths);
  // As the call without a name, of which the document says the rest.
  auto analyze_as = paths[kAnalyze];
  auto& call = analyze_as["post"];
  call["operationId"] = "analyzeAs";
  call["summary"] = "The same, of a record of one source";
  call["parameters"] = nlohmann::ordered_json::array(
      {{{"name", "source"},
        {"in", "path"},
        {"required", true},
        {"description", "a source of the configuration"},
        {"schema", {{"type", "string"}, {"enum", std::vector<std::string>(sources.begin(), sources.end())}}}}});
  call["responses"]["404"]["$ref"] = "#/components/responses/NotFound";
  paths[std::string(kAnalyze) + "/{source}"] = std::move(analyze_as);
  return document.dump(2) + "\n";
}

}  // namespace weir
