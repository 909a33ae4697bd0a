// The loader: what a rule file says becomes the tree it should, and what the specification forbids is refused with its place.
#include <absl/strings/escaping.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <string>

#include "base/catch.h"
#include "rules/condition.h"
#include "rules/loader.h"
#include "rules/sigma_string.h"

using namespace weir;

namespace {

std::string rule_with(const std::string& detection, const std::string& rest = "") {
  return "title: A test\nid: 6f1c3f4e-5f5f-4b6a-9c5e-0a1b2c3d4e5f\nstatus: test\nlogsource:\n  category: "
         "webserver\nlevel: high\ndetection:\n" +
         detection + rest;
}

struct Loaded {
  std::vector<Rule> rules;
  Diagnostics diagnostics;

  [[nodiscard]] std::string errors() const {
    std::string text;
    for (const auto& finding : diagnostics)
      if (finding.severity == Diagnostic::Severity::kError) text += finding.to_string() + "\n";
    return text;
  }
  [[nodiscard]] bool says(const std::string& part) const {
    for (const auto& finding : diagnostics)
      if (finding.to_string().find(part) != std::string::npos) return true;
    return false;
  }
};

Loaded load(const std::string& yaml) {
  Loaded loaded;
  loaded.rules = parse_rules(yaml, "r.yml", loaded.diagnostics);
  return loaded;
}

/// The item of a rule with one selection of one item.
DetectionItem item_of(const std::string& item) {
  const Loaded loaded = load(rule_with("  sel:\n    " + item + "\n  condition: sel\n"));
  INFO(loaded.errors());
  REQUIRE(loaded.rules.size() == 1);
  return loaded.rules[0].selections.at(0).alternatives.at(0).items.at(0);
}

std::string shown(const PatternString& pattern) {
  std::string text;
  for (const auto& part : pattern)
    text += part.kind == StringPart::Kind::kLiteral  ? "[" + part.text + "]"
            : part.kind == StringPart::Kind::kAnyOne ? "?"
                                                     : "*";
  return text;
}

std::string text_value(const DetectionItem& item, size_t index = 0) {
  return shown(std::get<StringValue>(item.values.at(index)).parts);
}

void expect_error(const std::string& yaml, const std::string& part) {
  const Loaded loaded = load(yaml);
  INFO(loaded.errors());
  CHECK(loaded.rules.empty());
  CHECK(has_errors(loaded.diagnostics));
  CHECK(loaded.says(part));
}

std::string with_item(const std::string& item) {
  return rule_with("  sel:\n    " + item + "\n  condition: sel\n");
}

/// The condition in prefix form, for selections a, b, c, _hidden.
std::string tree_of(const std::string& condition) {
  std::vector<Selection> selections(4);
  selections[0].name = "sel_a";
  selections[1].name = "sel_b";
  selections[2].name = "c";
  selections[3].name = "_hidden";
  ConditionError error;
  const auto tree = parse_condition(condition, selections, error);
  if (!tree) return "error: " + error.message;
  struct Printer {
    const std::vector<Selection>& names;
    std::string operator()(const ConditionNode& node) const {
      if (node.kind == ConditionNode::Kind::kSelection) return names[node.selection].name;
      std::string text = node.kind == ConditionNode::Kind::kAnd   ? "(and"
                         : node.kind == ConditionNode::Kind::kOr  ? "(or"
                         : node.kind == ConditionNode::Kind::kNot ? "(not"
                                                                  : "(" + std::to_string(node.count) + "of";
      for (const auto& child : node.children)
        text += " " + (*this)(child);
      return text + ")";
    }
  };
  return Printer{selections}(*tree);
}

}  // namespace

TEST_CASE("every public rule loads unchanged") {
  const std::string directory = WEIR_SOURCE_DIR "/../shared/sigma";
  if (!std::filesystem::exists(directory)) {
    WARN("skipped: no public rules beside the source tree");
    return;
  }
  Diagnostics diagnostics;
  const auto rules = load_rules({directory}, diagnostics);
  for (const auto& finding : diagnostics)
    if (finding.severity == Diagnostic::Severity::kError) FAIL_CHECK(finding.to_string());
  CHECK(rules.size() >= 90);
}

TEST_CASE("wildcards and escapes of Sigma strings") {
  CHECK(shown(parse_pattern_string("a*b?c")) == "[a]*[b]?[c]");
  CHECK(shown(parse_pattern_string("a**b")) == "[a]*[b]");
  CHECK(shown(parse_pattern_string(R"(a\*b\?c)")) == "[a*b?c]");
  CHECK(shown(parse_pattern_string(R"(C:\Windows\*)")) == R"([C:\Windows*])");
  CHECK(shown(parse_pattern_string(R"(C:\\Windows\\*)")) == R"([C:\Windows\]*)");
  CHECK(shown(parse_pattern_string(R"(a\b\)")) == R"([a\b\])");
  CHECK(parse_pattern_string("").empty());
}

TEST_CASE("contains, startswith and endswith open the value's ends") {
  CHECK(text_value(item_of("cs-uri: abc")) == "[abc]");
  CHECK(text_value(item_of("cs-uri|contains: abc")) == "*[abc]*");
  CHECK(text_value(item_of("cs-uri|startswith: abc")) == "[abc]*");
  CHECK(text_value(item_of("cs-uri|endswith: abc")) == "*[abc]");
  CHECK(text_value(item_of("cs-uri|contains: '*abc'")) == "*[abc]*");
}

TEST_CASE("all makes one item of each value") {
  const Loaded loaded = load(with_item("cs-uri|contains|all: [a, b]"));
  const auto& items = loaded.rules.at(0).selections.at(0).alternatives.at(0).items;
  REQUIRE(items.size() == 2);
  CHECK(text_value(items[0]) == "*[a]*");
  CHECK(text_value(items[1]) == "*[b]*");
}

TEST_CASE("base64 and its offsets") {
  CHECK(text_value(item_of("cs-uri|base64: foobar")) == "[Zm9vYmFy]");
  const auto item = item_of("cs-uri|base64offset|contains: /bin/sh");
  REQUIRE(item.values.size() == 3);
  // Each form stands in the base64 of the text behind 0, 1 and 2 other bytes, whatever follows.
  for (size_t offset = 0; offset < 3; ++offset) {
    const auto& parts = std::get<StringValue>(item.values[offset]).parts;
    REQUIRE(parts.size() == 3);
    CHECK(absl::Base64Escape(std::string(offset, 'x') + "/bin/sh" + "tail").find(parts[1].text) != std::string::npos);
    CHECK(absl::Base64Escape(std::string(3 + offset, 'q') + "/bin/sh").find(parts[1].text) != std::string::npos);
  }
  expect_error(with_item("cs-uri|base64: 'a*'"), "wildcards");
  expect_error(with_item("cs-uri|base64offset: abc"), "contains");
}

TEST_CASE("wide encodings") {
  CHECK(to_utf16("ab", Utf16Order::kLittle, ByteOrderMark::kNone) == std::string("a\0b\0", 4));
  CHECK(to_utf16("ab", Utf16Order::kBig, ByteOrderMark::kNone) == std::string("\0a\0b", 4));
  CHECK(to_utf16("a", Utf16Order::kLittle, ByteOrderMark::kFirst) == std::string("\xff\xfe"
                                                                                 "a\0",
                                                                                 4));
  CHECK(to_utf16("\xf0\x9f\x98\x80", Utf16Order::kLittle, ByteOrderMark::kNone) == std::string("\x3d\xd8\x00\xde", 4));
  CHECK(to_utf16("\xff", Utf16Order::kBig, ByteOrderMark::kNone) == "\xff\xfd");
  CHECK(text_value(item_of("cs-uri|wide|base64: ab")) == "[YQBiAA==]");
  CHECK(text_value(item_of("cs-uri|utf16le|base64: ab")) == "[YQBiAA==]");
  CHECK(text_value(item_of("cs-uri|utf16be|base64: ab")) == "[AGEAYg==]");
  CHECK(text_value(item_of("cs-uri|utf16|base64: ab")) == "[//5hAGIA]");
}

TEST_CASE("windash varies each dash that starts a word") {
  CHECK(windash_forms("no dash").size() == 1);
  CHECK(windash_forms("-a").size() == 5);
  CHECK(windash_forms("-a /b").size() == 25);
  CHECK(windash_forms("a-b") == std::vector<std::string>{"a-b"});
  CHECK(windash_forms("-a -b -c -d -e").empty());
  const auto item = item_of("cs-uri|windash|contains: ' -f '");
  REQUIRE(item.values.size() == 5);
  CHECK(text_value(item, 1) == "*[ /f ]*");
}

TEST_CASE("values keep their YAML type") {
  CHECK(std::get<NumberValue>(item_of("sc-status: 404").values[0]).number == 404);
  CHECK(std::get<NumberValue>(item_of("sc-status: 010").values[0]).text == "010");
  CHECK(text_value(item_of("sc-status: '404'")) == "[404]");
  CHECK(std::holds_alternative<NullValue>(item_of("cs-cookie: null").values[0]));
  CHECK(std::holds_alternative<NullValue>(item_of("cs-cookie:").values[0]));
  CHECK(text_value(item_of("cs-uri: true")) == "[true]");
  CHECK(std::get<ExistsValue>(item_of("cs-cookie|exists: false").values[0]).exists == false);
  CHECK(std::get<CidrValue>(item_of("c-ip|cidr: 10.0.0.0/8").values[0]).network == "10.0.0.0/8");
  CHECK(std::get<FieldRefValue>(item_of("cs-host|fieldref: cs-referer").values[0]).field == "cs-referer");
  CHECK(item_of("sc-status|gte: 400").comparison == Comparison::kGreaterEqual);
  CHECK(item_of("sc-status|neq: 400").comparison == Comparison::kNotEqual);
  CHECK(item_of("cs-uri|cased: A").cased);
  const auto regex = std::get<RegexValue>(item_of("cs-uri|re|i|m|s: 'a.b'").values[0]);
  CHECK((regex.ignore_case && regex.multi_line && regex.dot_all && regex.pattern == "a.b"));
}

TEST_CASE("what does not fit together is refused with its line") {
  expect_error(with_item("cs-uri|contians: a"), "r.yml:9: error: unknown modifier 'contians'");
  expect_error(with_item("cs-uri|expand: '%x%'"), "'expand' is not supported");
  expect_error(with_item("cs-uri|hour: 3"), "'hour' is not supported");
  expect_error(with_item("cs-uri|i: a"), "must follow it");
  expect_error(with_item("cs-uri|re|contains: a"), "cannot be combined");
  expect_error(with_item("sc-status|gt: many"), "needs a number");
  expect_error(with_item("sc-status|gt|lt: 4"), "two comparisons");
  expect_error(with_item("c-ip|cidr: 10.0.0.0/99"), "no network");
  expect_error(with_item("cs-cookie|exists: maybe"), "true or false");
  expect_error(with_item("cs-uri|re: ''"), "must not be empty");
  expect_error(with_item("cs-uri: []"), "list of values is empty");
  expect_error(with_item("cs-uri: {a: b}"), "a value must be");
  expect_error(with_item("cs-uri|contains: null"), "null does not fit");
  expect_error(with_item("cs-uri|: a"), "modifier is empty");
}

TEST_CASE("selections: a map, a list of maps, keywords, both") {
  const Loaded loaded =
      load(rule_with("  m: {cs-uri: a, cs-method: GET}\n  l:\n    - cs-uri: a\n    - cs-uri: b\n  k: [one, two]\n  "
                     "x:\n    - cs-uri: a\n    - word\n  n:\n    '|all': [one, two]\n  condition: all of them\n"));
  INFO(loaded.errors());
  const auto& selections = loaded.rules.at(0).selections;
  REQUIRE(selections.size() == 5);
  CHECK((selections[0].alternatives.size() == 1 && selections[0].alternatives[0].items.size() == 2));
  CHECK(selections[1].alternatives.size() == 2);
  CHECK((selections[2].alternatives.size() == 2 && selections[2].alternatives[0].items[0].field.empty()));
  CHECK(text_value(selections[2].alternatives[0].items[0]) == "*[one]*");
  CHECK(selections[3].alternatives.size() == 2);
  CHECK((selections[4].alternatives.size() == 1 && selections[4].alternatives[0].items.size() == 2));
  CHECK(selections[1].line == 9);
}

TEST_CASE("conditions: precedence, quantifiers, names") {
  CHECK(tree_of("sel_a or sel_b and not c") == "(or sel_a (and sel_b (not c)))");
  CHECK(tree_of("(sel_a or sel_b) and c") == "(and (or sel_a sel_b) c)");
  CHECK(tree_of("sel_a AND NOT c") == "(and sel_a (not c))");
  CHECK(tree_of("1 of sel_*") == "(or sel_a sel_b)");
  CHECK(tree_of("any of sel_*") == "(or sel_a sel_b)");
  CHECK(tree_of("all of sel_*") == "(and sel_a sel_b)");
  CHECK(tree_of("all of them") == "(and sel_a sel_b c)");
  CHECK(tree_of("2 of them") == "(2of sel_a sel_b c)");
  CHECK(tree_of("not 1 of *_b") == "(not (or sel_b))");
  CHECK(tree_of("((c))") == "c");
}

TEST_CASE("conditions that are refused") {
  CHECK(tree_of("") == "error: the condition is empty");
  CHECK(tree_of("sel_a and") == "error: the condition ends where a selection is expected");
  CHECK(tree_of("nobody") == "error: the condition names 'nobody', which the detection does not define");
  CHECK(tree_of("1 of nobody*") == "error: no selection is called 'nobody*'");
  CHECK(tree_of("9 of them") == "error: '9 of' can never hold: only 3 selections fit");
  CHECK(tree_of("0 of them") == "error: '0 of' is no quantity");
  CHECK(tree_of("(sel_a") == "error: a parenthesis is not closed");
  CHECK(tree_of("sel_a)") == "error: unexpected ')' in the condition");
  CHECK(tree_of("sel_a c") == "error: unexpected 'c' in the condition");
  CHECK(tree_of("sel_a | count() > 5") == "error: aggregations after '|' are not part of Sigma 2");
  CHECK(tree_of(std::string(5000, '(') + "c" + std::string(5000, ')')) == "error: the condition is nested too deeply");
  std::string nots;
  for (int i = 0; i < 5000; ++i)
    nots += "not ";
  CHECK(tree_of(nots + "c") == "error: the condition is nested too deeply");
}

TEST_CASE("a list of conditions is kept as alternatives") {
  const Loaded loaded = load(rule_with("  a: {cs-uri: a}\n  b: {cs-uri: b}\n  condition:\n    - a\n    - b\n"));
  CHECK(loaded.rules.at(0).conditions.size() == 2);
}

TEST_CASE("rules with parts missing or wrong are refused") {
  const std::string good = rule_with("  a: {cs-uri: a}\n  condition: a\n");
  CHECK(load(good).rules.size() == 1);
  const auto without = [&](const std::string& line) {
    std::string text = good;
    text.erase(text.find(line), line.size());
    return text;
  };
  expect_error(without("title: A test\n"), "no title");
  expect_error(without("id: 6f1c3f4e-5f5f-4b6a-9c5e-0a1b2c3d4e5f\n"), "no id");
  expect_error(without("logsource:\n  category: webserver\n"), "no logsource");
  expect_error(without("  condition: a\n"), "no condition");
  expect_error(without("  a: {cs-uri: a}\n"), "no selection");
  expect_error("title: x\nid: 6f1c3f4e-5f5f-4b6a-9c5e-0a1b2c3d4e5f\nlogsource: {category: proxy}\n", "no detection");
  expect_error("id: 12\n" + without("id: 6f1c3f4e-5f5f-4b6a-9c5e-0a1b2c3d4e5f\n"), "no UUID");
  expect_error(good + "correlation: {}\n", "not two of them");
  expect_error("level: severe\n" + without("level: high\n"), "unknown level 'severe'");
  expect_error("status: new\n" + without("status: test\n"), "unknown status 'new'");
  expect_error("- a\n- b\n", "must be a map");
}

TEST_CASE("YAML that readers disagree on is refused") {
  expect_error(rule_with("  a: {cs-uri: a}\n  a: {cs-uri: b}\n  condition: a\n"),
               "r.yml:9:3: error: the key 'a' stands twice");
  expect_error(rule_with("  a: {cs-uri: a, cs-uri: b}\n  condition: a\n"), "the key 'cs-uri' stands twice");
  expect_error("title: [unclosed\n", "not valid YAML");
  std::string bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n";
  for (int i = 1; i < 9; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
    for (int k = 0; k < 10; ++k)
      bomb += (k > 0 ? "," : "") + before;
    bomb += "]\n";
  }
  expect_error(bomb, "too many values");
}

TEST_CASE("several documents: each is read, with the lines of the file") {
  const std::string good = rule_with("  a: {cs-uri: a}\n  condition: a\n");
  std::string other = good;
  other.replace(other.find("6f1c"), 4, "0000");
  const Loaded both = load("# a comment\n%YAML 1.2\n---\n" + good + "---\n" + other + "---\n");
  INFO(both.errors());
  REQUIRE(both.rules.size() == 2);
  CHECK(both.rules[1].line == both.rules[0].line + 10);
  CHECK(load(good + "--- # second\n" + other).rules.size() == 2);
  CHECK(load(good + "---\ntitle: x\n").says("r.yml:11: error: the rule has no id"));
}

TEST_CASE("text the YAML library would drop or loop over is an error") {
  expect_error(",le: t\nid: 0\n", "not valid YAML");
  expect_error("a: b\n...\nc: d\n", "not valid YAML");
  expect_error("]\n", "not valid YAML");
  expect_error(rule_with("  a: {cs-uri: a}\n  condition: a\n", "description: 'open"), "not valid YAML");
}

TEST_CASE("warnings do not keep a rule out") {
  const Loaded loaded = load(
      rule_with("  a: {cs-uri: a}\n  unused: {cs-uri: b}\n  condition: a\n", "tags: [oops]\nfalsepositive: none\n"));
  CHECK(loaded.rules.size() == 1);
  CHECK(loaded.says("no condition uses the selection 'unused'"));
  CHECK(loaded.says("has no namespace"));
  CHECK(loaded.says("no key 'falsepositive'"));
}

TEST_CASE("the weir section: weight, category, level, examples") {
  const std::string base = rule_with("  a: {weir.param|contains: a}\n  condition: a\n");
  const Loaded loaded =
      load(base +
           "weir:\n  category: sqli\n  weight: 12\n  security_level: strict\n  examples:\n    positive:\n      - \"1' "
           "or\"\n      - {query: 'a=b', status: 404, headers: {X-A: \"q\\\"\\n\"}}\n"
           "    negative: [{body: x}]\n");
  INFO(loaded.errors());
  const Rule& rule = loaded.rules.at(0);
  CHECK(rule.ours);
  CHECK(rule.category == Category::kSqli);
  CHECK(rule.weight == 12);
  CHECK(rule.security_level == SecurityLevel::kStrict);
  CHECK(rule.positive_examples.at(0).record_json ==
        R"({"query":"q=1%27%20or","ts":"2026-01-01T00:00:00Z","ip":"192.0.2.1","method":"GET","path":"/"})");
  CHECK(rule.positive_examples.at(1).record_json.find(R"("status":404,"headers":{"X-A":"q\"\u000a"})") !=
        std::string::npos);
  CHECK(rule.negative_examples.at(0).record_json.find(R"("method":"POST")") != std::string::npos);
  expect_error(base + "weir: {weight: -1}\n", "whole number from 0 to 100");
  expect_error(base + "weir: {weight: 101}\n", "whole number from 0 to 100");
  expect_error(base + "weir: {category: sql}\n", "unknown category 'sql'");
  expect_error(base + "weir: {security_level: loose}\n", "unknown security level");
  expect_error(base + "weir: {wieght: 3}\n", "unknown key 'wieght'");
  CHECK(
      load(base + "weir: {remediation: 'Update it, and look for files that came since.'}\n").rules.at(0).remediation ==
      "Update it, and look for files that came since.");
  for (const std::string& bad : {std::string("short"), std::string("\"two\\nlines of text\""),
                                 std::string("[a, list, of, words]"), std::string(401, 'x')})
    expect_error(base + "weir: {remediation: " + bad + "}\n", "'remediation' is one line of 10 to 400 bytes");
  CHECK(load(base + "weir: {remediation: 'Update to 2.17.1. Look for new files.'}\n").rules.size() == 1);
  for (const char* bad : {"Update it without an end", "Update it. Restart it. Look for files."})
    expect_error(base + "weir: {remediation: '" + bad + "'}\n", "'remediation' is one or two sentences");
  expect_error(base + "weir: {examples: {positive: [{qeury: a}]}}\n", "no field 'qeury'");
  expect_error(base + "weir: {examples: {positives: []}}\n", "unknown key 'positives'");
}

TEST_CASE("rules of others get category and weight from title and level") {
  const std::string text = rule_with("  a: {cs-uri: a}\n  condition: a\n");
  CHECK(load(text).rules.at(0).weight == 7);
  CHECK(load(text).rules.at(0).category == Category::kOther);
  std::string titled = text;
  titled.replace(titled.find("A test"), 6, "SQL Injection in x");
  CHECK(load(titled).rules.at(0).category == Category::kSqli);
}

TEST_CASE("a filter's condition is joined to that of the rules it names") {
  const std::string rule = rule_with("  a: {cs-uri: a}\n  condition: a\n");
  const std::string filter =
      "---\ntitle: ours\nlogsource: {category: webserver}\nfilter:\n  rules: [6f1c3f4e-5f5f-4b6a-9c5e-0a1b2c3d4e5f]\n  "
      "s: {c-ip|cidr: 10.0.0.0/8}\n  condition: not s\n";
  const Loaded loaded = load(rule + filter);
  INFO(loaded.errors());
  REQUIRE(loaded.rules.size() == 1);
  const ConditionNode& condition = loaded.rules[0].conditions.at(0);
  REQUIRE((condition.kind == ConditionNode::Kind::kAnd && condition.children.size() == 2));
  CHECK(condition.children[0].selection == 0);
  CHECK((condition.children[1].kind == ConditionNode::Kind::kNot && condition.children[1].children[0].selection == 1));
  CHECK(loaded.rules[0].selections.at(1).name == "s");

  std::string any = filter;
  any.replace(any.find("[6f1c"), 38, "any");
  CHECK(load(rule + any).rules.at(0).selections.size() == 2);
  std::string elsewhere = any;
  elsewhere.replace(elsewhere.find("webserver"), 9, "proxy");
  CHECK(load(rule + elsewhere).rules.at(0).selections.size() == 1);

  std::string stranger = filter;
  stranger.replace(stranger.find("6f1c"), 4, "0000");
  CHECK(load(rule + stranger).says("which is not loaded"));
  CHECK(load(rule + "---\nfilter: {s: {cs-uri: b}, condition: not s}\n").says("names no rules"));
  CHECK(load(rule + "---\nfilter: {rules: any, s: {cs-uri: b}}\n").says("no condition"));
  CHECK(load(rule + "---\nfilter: {rules: any, s: {cs-uri: b}, condition: not x}\n").says("names 'x'"));
}

TEST_CASE("a directory is read in the order of its paths, and an id can stand there once") {
  namespace fs = std::filesystem;
  const fs::path directory =
      fs::temp_directory_path() / ("weir-rules-test-" + std::to_string(std::hash<std::string>{}(__FILE__)));
  fs::remove_all(directory);
  fs::create_directories(directory / "sub");
  const auto write = [&](const std::string& name, const std::string& id, const std::string& title) {
    std::string text = rule_with("  a: {cs-uri: a}\n  condition: a\n");
    text.replace(text.find("6f1c3f4e"), 8, id);
    text.replace(text.find("A test"), 6, title);
    std::ofstream(directory / name) << text;
  };
  write("b.yml", "00000002", "second");
  write("a.yaml", "00000001", "first");
  write("sub/c.yml", "00000003", "third");
  std::ofstream(directory / "README.md") << "no rule";
  Diagnostics diagnostics;
  const auto rules = load_rules({directory.string()}, diagnostics);
  CHECK_FALSE(has_errors(diagnostics));
  REQUIRE(rules.size() == 3);
  CHECK((rules[0].title == "first" && rules[1].title == "second" && rules[2].title == "third"));
  write("d.yml", "00000003", "again");
  load_rules({directory.string()}, diagnostics);
  REQUIRE(has_errors(diagnostics));
  CHECK(diagnostics.back().to_string().find("is taken by") != std::string::npos);
  Diagnostics missing;
  load_rules({(directory / "nowhere").string()}, missing);
  CHECK(has_errors(missing));
  fs::remove_all(directory);
}
