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
  enveloped.profile = *weir::InputProfile::built_in("flat");
  enveloped.profile.unwrap = "/message";
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

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static std::vector<weir::EventParser> parsers = make_parsers();
  const std::string_view record(reinterpret_cast<const char*>(data), size);
  for (auto& parser : parsers) {
    weir::Event event;
    const auto outcome = parser.parse(record, event);
    if (!outcome.ok()) continue;
    WEIR_ASSERT(!event.method.empty() && !event.path.empty(), "an event without its required fields");
    size_t sum = touch(event.method) + touch(event.path) + touch(event.query) + touch(event.host) + touch(event.body) +
                 touch(event.client_id) + touch(event.user_agent) + touch(event.cookie) + touch(event.request_id);
    for (const auto& header : event.headers)
      sum += touch(header.name) + touch(header.value);
    for (const auto& header : event.response_headers)
      sum += touch(header.name) + touch(header.value);
    asm volatile("" : : "r"(sum));  // keeps the reads
  }
  return 0;
}
