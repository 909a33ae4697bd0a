// The tokenizers that confirm SQL and script, and rules that ask them.
#include "base/catch.h"
#include "detect/confirm/script_tokenizer.h"
#include "detect/confirm/sql_tokenizer.h"
#include "detect/test_rules.h"

using namespace weir;
using namespace weir::testing;

namespace {

std::string raw(std::string_view value) {
  return std::string(sql_fingerprint(value, SqlContext::kRaw).text());
}
std::string in_quotes(std::string_view value) {
  return std::string(sql_fingerprint(value, SqlContext::kSingleQuoted).text());
}

}  // namespace

TEST_CASE("a value folds into a short fingerprint", "[sql]") {
  CHECK(raw("7") == "1");
  CHECK(raw("7 or 8=8") == "1&1o1");
  CHECK(raw("7 OR ((-8) = +8)") == "1&1o1");
  CHECK(raw("7 union all select 1,2,3") == "1UE1");
  CHECK(raw("0x4a and @@port > .5e3 -- x") == "1&vo1c");
  CHECK(raw("n'x' || `a`") == "s&n");
  CHECK(raw("7 order by 3") == "1B1");
  CHECK(raw("7 order of 3") == "1nn1");
  CHECK(raw("sleep (5)") == "f1");
  CHECK(raw("sleep 5") == "n1");
  CHECK(raw("a|||b") == "n?n");
  CHECK(in_quotes("x' or 'a'='a") == "s&sos");
  CHECK(in_quotes("it''s") == "s");
  CHECK(in_quotes("x\\' or 1=1") == "s");
  CHECK(in_quotes("x'); drop table t--") == "s;Ekn" + std::string("c"));
}

TEST_CASE("a fingerprint is short and says whether it is all", "[sql]") {
  const auto print = sql_fingerprint("1,a(2) + b - c / d * e % f ^ g and h", SqlContext::kRaw);
  CHECK(print.size == SqlFingerprint::kTokensMax);
  CHECK_FALSE(print.ends);
  CHECK(sql_fingerprint("1 + 2", SqlContext::kRaw).ends);
  CHECK(sql_fingerprint("1 # anything", SqlContext::kRaw).ends);
  CHECK(sql_fingerprint("", SqlContext::kRaw).size == 0);
  CHECK(sql_fingerprint(std::string(100'000, '('), SqlContext::kRaw).size == 0);
}

TEST_CASE("values that change a statement", "[sql]") {
  for (const char* value : {"7 or 8=8",
                            "7) and (4)=(4",
                            "7 union select pin from cards",
                            "7;drop table cards",
                            "7 order by 9-- -",
                            "x' or 'b'='b",
                            "x\" or \"b\"=\"b",
                            "x' or 4#",
                            "x') or ('b' like 'b",
                            "'='",
                            "'+'",
                            "x' and sleep(9)--",
                            "x' union all select null,@@version--",
                            "x';shutdown--",
                            "x' and (select count(*) from t)>0--",
                            "x'||utl_http.request('h')||'",
                            "x') as q where 3=3 and 4=4",
                            "x' having 3=3--",
                            "and 3=3",
                            "x' in (select y from z)--",
                            "-2 or pg_sleep(4)"})
    CHECK((is_sql_injection(value) ? "" : value) == std::string());
}

TEST_CASE("an elision is no quote that ends a string", "[sql]") {
  for (const char* value : {"toison d'or 3", "Ballon d'Or 2023", "l'or 24", "qu'or 5"}) {
    CAPTURE(value);
    CHECK_FALSE(is_sql_injection(value));
  }
  for (const char* value : {"x'or 3", "ad'or 3", "d'or 3=3-- ", "' or 4"}) {
    CAPTURE(value);
    CHECK(is_sql_injection(value));
  }
}

TEST_CASE("values that do not", "[sql]") {
  for (const char* value : {"",
                            "7",
                            "-7.5",
                            "O'Brien",
                            "it's him or her",
                            "rock 'n' roll and 'blues'",
                            "'yes' or 'no'",
                            "5' 6\"",
                            "a=b&c=d",
                            "select a colour from the list",
                            "and then there were none",
                            "union of two sets",
                            "1/4\"-1/2\" ribbon",
                            "x || y",
                            "2 and 3",
                            "C# and F#",
                            "drop it",
                            "say \"like\" more often than \"love\" today",
                            "one -- two",
                            "50% + 3",
                            "a,b,c"})
    CHECK((is_sql_injection(value) ? value : "") == std::string());
}

TEST_CASE("values that would run as script, and where", "[script]") {
  using C = ScriptContext;
  const std::vector<std::pair<const char*, C>> cases = {
      {"<script>x()</script>", C::kElement},
      {"a<ScRiPt src=//h>", C::kElement},
      {"<img src=x onerror=y(1)>", C::kElement},
      {"<svg/onload=y()", C::kElement},
      {"<a href=' java script:y()'>z</a>", C::kElement},
      {"<b/x='>' onclick=\"y()\">", C::kElement},
      {"<x:script>", C::kElement},
      {"<iframe srcdoc='&'>", C::kElement},
      {"\" onfocus=y() autofocus=\"", C::kAttribute},
      {"x onmouseover=y(1) ", C::kAttribute},
      {"'onclick='y()", C::kAttribute},
      {"javascript:y(1)", C::kUrl},
      {"  VbScript : msgbox(1)", C::kUrl},
      {"data:text/html,<b>", C::kUrl},
      {"';alert(1)//", C::kScriptString},
      {"\"-prompt`1`-\"", C::kScriptString},
      {"'+document.cookie+'", C::kScriptString},
      {"';self.location=x//", C::kScriptString},
      {"'-top['al'+'ert'](1)-'", C::kScriptString},
      {"'';alert(1)//", C::kScriptString},
      {"a'b'c';alert(1)//", C::kScriptString},
      {"x onmouseover=throw alert(1) ", C::kAttribute},
  };
  for (const auto& [value, context] : cases) {
    CAPTURE(value);
    CHECK(script_context(value) == context);
  }
}

TEST_CASE("values that would not run as script", "[script]") {
  for (const char* value : {"",
                            "a < b and c > d",
                            "<b>bold</b>",
                            "<a href='https://h/x'>link</a>",
                            "x<y",
                            "<3",
                            "1 <on the table>",
                            "on=1",
                            "session=on",
                            "once = upon",
                            "javascript:void(0);",
                            "javascript: a language",
                            "data:image/png;base64,AAAA",
                            "it's (really) nice",
                            "call alert(1) please",
                            "\"quoted\", (bracket)",
                            "<p class=\"on\" id='x'>",
                            "only=3",
                            "f('a') self.assertTrue(x)",
                            "log('x'); parent.add(child)",
                            "a = typeof b === 'undefined' ? window.c : \"d\"; e('f'); document.g()",
                            "town's onweersactiviteit = \"words one behind the other\" [x]"})
    CHECK((is_script_injection(value) ? value : "") == std::string());
}

TEST_CASE("long values of any one sign are read in linear time", "[sql][script]") {
  // No clock: what is quadratic here would take minutes.
  constexpr size_t kBytes = 4 << 20;
  for (const std::string unit :
       {"'", "\"", "<", "<a ", "(", "'(", "\\", "on=", "<a b=\"", "'+", "@", "0x", "`", "[", "a.", "-- ", "';", "x'"}) {
    std::string text;
    while (text.size() < kBytes)
      text += unit;
    CHECK_NOTHROW(is_sql_injection(text));
    CHECK_NOTHROW(is_script_injection(text));
  }
}

TEST_CASE("a rule with 'confirm' hits where the tokenizer agrees, in the same line", "[confirm]") {
  RuleBench bench(rule_text("  s: {weir.query|contains: \"'\"}\n  condition: s", 1, "\nweir:\n  confirm: sql") +
                  "---\n" +
                  rule_text("  s: {weir.query|contains: '<'}\n  condition: s", 2, "\nweir:\n  confirm: script") +
                  "---\n" + rule_item("weir.query|contains: \"'\"", 3));
  CHECK(bench.hits({{Place::kQuery, "q=x' or 4=4"}}) == "13");
  CHECK(bench.hits({{Place::kQuery, "q=it's"}}) == "3");
  CHECK(bench.hits({{Place::kQuery, "q=it's"}, {Place::kQuery, "r=4 or 4=4"}}) == "3");
  CHECK(bench.hits({{Place::kQuery, "q=it's"}, {Place::kQuery, "r=x' or 4=4"}}) == "13");
  CHECK(bench.detection.hits[0].line == 1);
  CHECK(bench.detection.hits[1].line == 0);
  CHECK(bench.hits({{Place::kQuery, "q=<svg onload=y()>"}}) == "2");
  CHECK(bench.hits({{Place::kQuery, "q=a<b"}}) == "");
}

TEST_CASE("what cannot be confirmed is refused", "[confirm]") {
  CHECK(compile_errors(rule_text("  s: {weir.query|re: 'a*'}\n  condition: s", 1, "\nweir:\n  confirm: sql"))
            .find("cannot be confirmed") != std::string::npos);
}
