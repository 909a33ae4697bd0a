#include "event/json/otlp_protobuf.h"

#include <functional>
#include <protozero/pbf_writer.hpp>

#include "base/catch.h"
#include "event/event_parser.h"

namespace weir {
namespace {

using protozero::pbf_writer;

/// A message of what `write` writes.
std::string message(const std::function<void(pbf_writer&)>& write) {
  std::string bytes;
  pbf_writer writer(bytes);
  write(writer);
  return bytes;
}

std::string text_value(const std::string& text) {
  return message([&](pbf_writer& any) { any.add_string(1, text); });
}

std::string attribute(const std::string& key, const std::string& value) {
  return message([&](pbf_writer& pair) {
    pair.add_string(1, key);
    pair.add_message(2, value);
  });
}

constexpr uint64_t kNanoseconds = 1'736'936'430'000'000'000;  // 2025-01-15T10:20:30Z

std::string request_record(const std::string& query) {
  return message([&](pbf_writer& record) {
    record.add_fixed64(1, kNanoseconds);
    record.add_enum(2, 9);
    record.add_string(3, "INFO");
    record.add_message(6, attribute("http.request.method", text_value("GET")));
    record.add_message(6, attribute("url.path", text_value("/a\"b")));
    record.add_message(6, attribute("url.query", text_value(query)));
    record.add_message(6, attribute("client.address", text_value("203.0.113.9")));
    record.add_message(6,
                       attribute("http.response.status_code", message([](pbf_writer& any) { any.add_int64(3, 404); })));
    record.add_string(9, std::string(16, '\x01'));
    record.add_fixed64(11, kNanoseconds + 1);
  });
}

std::string export_of(const std::vector<std::string>& records) {
  return message([&](pbf_writer& all) {
    all.add_message(1, message([&](pbf_writer& resource) {
                      resource.add_message(1, message([](pbf_writer& writer) {
                                             writer.add_message(1, attribute("service.name", text_value("shop")));
                                           }));
                      resource.add_message(2, message([&](pbf_writer& scope) {
                                             scope.add_message(
                                                 1, message([](pbf_writer& writer) { writer.add_string(1, "lib"); }));
                                             for (const std::string& record : records)
                                               scope.add_message(2, record);
                                           }));
                    }));
  });
}

InputOptions options_for(const char* profile) {
  InputOptions options;
  options.profile = *InputProfile::built_in(profile);
  return options;
}

TEST_CASE("an OTLP export in protobuf is read as the same one in JSON", "[otlp]") {
  EventParser parser(options_for("otel"));
  EventStorage storage;
  const std::string record = export_of({request_record("q=1"), request_record("q=\xff\x01")});
  parser.begin(record);
  Event event;
  ParseOutcome outcome;
  REQUIRE(parser.next(storage, event, outcome) == EventParser::Next::kEvent);
  CHECK(event.method == "GET");
  CHECK(event.path == "/a\"b");
  CHECK(event.query == "q=1");
  CHECK(event.status == 404);
  CHECK(event.client_ip.to_string() == "203.0.113.9");
  CHECK(format_rfc3339(event.time) == "2025-01-15T10:20:30.000Z");
  REQUIRE(parser.next(storage, event, outcome) == EventParser::Next::kEvent);
  CHECK(event.query.starts_with("q=\xef\xbf\xbd"));
  CHECK(event.has(EventFlag::kUtf8Repaired));
  CHECK(parser.next(storage, event, outcome) == EventParser::Next::kEnd);
}

TEST_CASE("a body that is a line of an access log is read by that log's profile", "[otlp]") {
  const std::string line = R"(203.0.113.9 - - [15/Jan/2025:10:20:30 +0000] "GET /w?q=2 HTTP/1.1" 200 3 "-" "curl/8")";
  EventParser parser(options_for("nginx"));
  EventStorage storage;
  const std::string record = export_of({message([&](pbf_writer& writer) { writer.add_message(5, text_value(line)); })});
  Event event;
  REQUIRE(parser.parse(record, storage, event).ok());
  CHECK(event.query == "q=2");
}

TEST_CASE("every kind of value is written, and what is too deep is left out", "[otlp]") {
  std::string nested = text_value("x");
  for (int i = 0; i < 6; ++i)
    nested = message(
        [&](pbf_writer& any) { any.add_message(5, message([&](pbf_writer& list) { list.add_message(1, nested); })); });
  const std::string record = export_of({message([&](pbf_writer& writer) {
    writer.add_message(6, attribute("b", message([](pbf_writer& any) { any.add_bool(2, true); })));
    writer.add_message(6, attribute("i", message([](pbf_writer& any) { any.add_int64(3, -7); })));
    writer.add_message(6, attribute("d", message([](pbf_writer& any) { any.add_double(4, 0.5); })));
    writer.add_message(6, attribute("y", message([](pbf_writer& any) { any.add_bytes(7, "raw"); })));
    writer.add_message(6, attribute("m", message([](pbf_writer& any) {
                                      any.add_message(6, message([](pbf_writer& map) {
                                                        map.add_message(1, attribute("k", text_value("v")));
                                                      }));
                                    })));
    writer.add_message(6, attribute("n", nested));
  })});
  std::string json;
  REQUIRE(otlp_as_json(record, 3, json));
  CHECK(
      json ==
      R"({"resourceLogs":[{"scopeLogs":[{"logRecords":[{"attributes":[{"key":"b","value":{"boolValue":true}},)"
      R"({"key":"i","value":{"intValue":-7}},{"key":"d","value":{"doubleValue":0.5}},{"key":"y","value":{"stringValue":"raw"}},)"
      R"({"key":"m","value":{"kvlistValue":{"values":[{"key":"k","value":{"stringValue":"v"}}]}}},)"
      R"({"key":"n","value":{"arrayValue":{"values":[{"arrayValue":{"values":[{"arrayValue":{"values":[{}]}}]}}]}}}]}]}]}]})");
}

TEST_CASE("a damaged export is a reject, wherever it was cut", "[otlp]") {
  const std::string whole = export_of({request_record("q=1")});
  EventParser parser(options_for("otel"));
  EventStorage storage;
  Event event;
  for (size_t size = 0; size < whole.size(); ++size)
    CHECK_FALSE(parser.parse(std::string_view(whole).substr(0, size), storage, event).ok());
  CHECK(parser.parse(whole, storage, event).ok());
}

TEST_CASE("text that begins like protobuf stays text", "[otlp]") {
  EventParser parser(options_for("flat"));
  EventStorage storage;
  Event event;
  const std::string record =
      "\n"
      R"({"ts":"2025-01-15T00:00:00Z","ip":"192.0.2.7","method":"GET","path":"/a"})";
  REQUIRE(parser.parse(record, storage, event).ok());
  CHECK(event.path == "/a");
}

}  // namespace
}  // namespace weir
