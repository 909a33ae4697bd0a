#include "event/profile/profile_reader.h"

#include "base/catch.h"
#include "event/profile/example_check.h"
#include "event/profile/profile_catalog.h"
#include "event/profile/text_pattern.h"

using namespace weir;

namespace {

const std::string kGood = R"(
name: mine
title: A log of mine
json: {client_ip: who, target: what, duration: [took, {key: took_ms, unit: ms}]}
duration_unit: s
text:
  - {name: line, line: '{client_ip} {{x}} "{target}" {duration us}'}
skip: ['# ', {key: kind, value: note}]
examples:
  - {record: '192.0.2.1 {x} "GET /a HTTP/1.1" 12', event: {client_ip: 192.0.2.1, path: /a, duration: 12us, flags: no_time}}
  - {record: '{"who":"192.0.2.1","what":"/a","took_ms":3}', event: {path: /a, duration: 3000us, flags: 'malformed, no_time'}}
  - {record: '{"kind":"note"}', skipped: 1}
  - {record: '# note', skipped: 1}
)";

std::string complaint(const std::string& yaml) {
  Diagnostics diagnostics;
  const auto profile = read_profile(yaml, "p.yaml", diagnostics);
  std::string all;
  for (const auto& diagnostic : diagnostics)
    all += diagnostic.to_string() + "\n";
  CHECK(profile.has_value() == all.empty());
  return all;
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  const auto at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

}  // namespace

TEST_CASE("every shipped profile reads its own examples") {
  size_t examples = 0;
  for (const auto& file : ProfileCatalog::shipped().profiles()) {
    CHECK_FALSE(file.profile.about.empty());
    CHECK_FALSE(file.profile.identity_note.empty());
    for (const auto& example : file.examples) {
      ++examples;
      for (const auto& fault : check_example(file.profile, example))
        FAIL_CHECK(file.file << ":" << example.line << ": " << fault);
    }
  }
  CHECK(examples >= 2 * ProfileCatalog::shipped().profiles().size() - 12);
}

TEST_CASE("a profile file is read with all that it says") {
  Diagnostics diagnostics;
  const auto file = read_profile(kGood, "p.yaml", diagnostics);
  REQUIRE(file.has_value());
  for (const auto& example : file->examples)
    CHECK(check_example(file->profile, example).empty());
}

TEST_CASE("an example that does not hold says what came out instead") {
  Diagnostics diagnostics;
  const auto file =
      read_profile(replaced(kGood, "path: /a, duration: 12us", "path: /b, duration: 12us"), "p.yaml", diagnostics);
  REQUIRE(file.has_value());
  CHECK(check_example(file->profile, file->examples.front()) == std::vector<std::string>{"path is '/a', not '/b'"});
}

TEST_CASE("faults of a profile are reported with their lines") {
  CHECK(complaint(replaced(kGood, "title:", "titel:")).find("p.yaml:3:1: error: a profile has no key 'titel'") !=
        std::string::npos);
  CHECK(complaint(replaced(kGood, "client_ip: who", "client: who")).find("there is no field 'client'") !=
        std::string::npos);
  CHECK(complaint(replaced(kGood, "unit: ms", "unit: hours")).find("'hours' is no unit") != std::string::npos);
  CHECK(complaint(replaced(kGood, "{duration us}", "{duration us")).find("without its '}' at column") !=
        std::string::npos);
  CHECK(complaint(replaced(kGood, "{duration us}", "{took}")).find("there is no field 'took'") != std::string::npos);
  CHECK(complaint(replaced(kGood, "skipped: 1", "skips: 1")).find("an example has no key 'skips'") !=
        std::string::npos);
  CHECK(complaint(replaced(kGood, "event: {client_ip", "event: {ip")).find("an event has no field 'ip'") !=
        std::string::npos);
  CHECK(complaint("name: x\ntitle: y\n").find("the profile reads nothing") != std::string::npos);
  CHECK_FALSE(complaint("[]").empty());
}

TEST_CASE("a server's own directive is a text format") {
  const auto file = replaced(kGood, "line: '{client_ip} {{x}} \"{target}\" {duration us}'",
                             "nginx: '$remote_addr {x} \"$request\" $request_time'");
  Diagnostics diagnostics;
  const auto profile = read_profile(file, "p.yaml", diagnostics);
  REQUIRE(profile.has_value());
  CHECK(profile->profile.texts.front().parts.front().field.field == kFieldClientIp);
  CHECK(complaint(replaced(file, "$request_time", "${")).find("line 1, column") != std::string::npos);
}

TEST_CASE("a dotted key stands for all places where shippers put it") {
  std::vector<std::string> pointers;
  append_pointers("a.b.c", pointers);
  CHECK(pointers == std::vector<std::string>{"/a.b.c", "/a/b/c", "/a/b.c", "/a.b/c"});
  pointers.clear();
  append_pointers("/a.b", pointers);
  append_pointers("x~y", pointers);
  CHECK(pointers == std::vector<std::string>{"/a.b", "/x~0y"});
}
