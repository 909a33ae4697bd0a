#include <string>

#include "app/doctor/test_record.h"
#include "base/catch.h"
#include "event/event_parser.h"
#include "kafka/check/library_faults.h"

namespace weir {

TEST_CASE("the doctor's record is read by the profile that it was made for") {
  size_t made = 0;
  for (const std::string& name : InputProfile::built_in_names()) {
    CAPTURE(name);
    InputOptions options;
    options.profile = *InputProfile::built_in(name);
    const auto record = doctor_record(options.profile, "0123456789abcdef", "2026-01-02T03:04:05.678Z");
    if (!record) continue;
    CAPTURE(*record);
    EventParser parser(options);
    Event event;
    if (!parser.parse(*record, event).ok()) continue;  // the doctor says so and sends nothing
    ++made;
    CHECK(event.path.find("/weir-doctor/0123456789abcdef") != std::string_view::npos);
    CHECK(event.query.find("UNION") != std::string_view::npos);
  }
  CHECK(made >= 8);
}

TEST_CASE("a profile of text lines alone has no record") {
  CHECK_FALSE(doctor_record(*InputProfile::built_in("iis"), "0123456789abcdef", "2026-01-02T03:04:05Z"));
}

TEST_CASE("known faults go by the library's version") {
  CHECK(library_faults(0x020002ff).size() == 4);
  CHECK(library_faults(0x020300ff).size() == 1);
  CHECK(library_faults(0x020c01ff).empty());
}

}  // namespace weir
