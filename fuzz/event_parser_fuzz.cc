// Any bytes as a record: the parser must end in an event or in a reason, and the event must hold what is promised.
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/assert.h"
#include "event/event_parser.h"

namespace {

std::vector<weir::EventParser> make_parsers() {
  std::vector<weir::EventParser> parsers;
  for (const auto& name : weir::InputProfile::built_in_names()) {
    weir::InputOptions options;
    options.profile = *weir::InputProfile::built_in(name);
    options.trusted_proxies = {*weir::Cidr::parse("10.0.0.0/8")};
    parsers.emplace_back(options);
  }
  weir::InputOptions enveloped;
  enveloped.profile = *weir::InputProfile::built_in("nginx");
  enveloped.profile.unwrap = {"/message", "/log"};
  enveloped.profile.split = "/records";
  enveloped.requests_max = 8;
  parsers.emplace_back(enveloped);
  return parsers;
}

// Reads every byte that the views name, so that the address sanitizer sees a view that outlives its buffer.
size_t touch(std::string_view view) {
  size_t sum = 0;
  for (const char c : view)
    sum += static_cast<unsigned char>(c);
  return sum;
}

void touch_all(const weir::Event& event) {
  WEIR_ASSERT(!event.method.empty() && !event.path.empty(), "an event without its required fields");
  size_t sum = touch(event.method) + touch(event.path) + touch(event.query) + touch(event.host) + touch(event.body) +
               touch(event.client_id) + touch(event.user_agent) + touch(event.cookie) + touch(event.request_id);
  for (const auto& header : event.headers)
    sum += touch(header.name) + touch(header.value);
  for (const auto& header : event.response_headers)
    sum += touch(header.name) + touch(header.value);
  asm volatile("" : : "r"(sum));  // keeps the reads
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static std::vector<weir::EventParser> parsers = make_parsers();
  const std::string_view record(reinterpret_cast<const char*>(data), size);
  for (auto& parser : parsers) {
    weir::EventStorage storage;
    weir::Event event;
    weir::ParseOutcome outcome;
    parser.begin(record, weir::EventTime{weir::Milliseconds{1'736'936'430'000}});
    for (auto next = parser.next(storage, event, outcome); next != weir::EventParser::Next::kEnd;
         next = parser.next(storage, event, outcome)) {
      WEIR_ASSERT((next == weir::EventParser::Next::kReject) == !outcome.ok(),
                  "a rejection without a reason, or the reverse");
      if (next == weir::EventParser::Next::kEvent) touch_all(event);
    }
  }
  return 0;
}
