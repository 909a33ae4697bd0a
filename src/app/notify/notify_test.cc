// What weir notify sends: templates whose values never break out, filters, and when which message goes.
#include <set>

#include "app/notify/messages.h"
#include "app/notify/outbox.h"
#include "base/catch.h"

namespace weir {
namespace {

using Json = nlohmann::ordered_json;
using Added = Outbox::Added;

AlertView alert(const Json& changes = {}) {
  Json json = Json::parse(R"({"severity_id": 4, "severity": "High", "message": "m", "time": 1736942400123, "count": 3,
      "metadata": {"uid": "id-1"}, "finding_info": {"uid": "episode-1", "title": "t"}, "remediation": {"desc": "Do it."},
      "unmapped": {"weir": {"kind": "attack", "phase": "opened", "client": "192.0.2.1", "client_kind": "address",
                            "categories": ["sqli", "xss"], "outcome": "answered"}}})");
  json.merge_patch(changes.is_null() ? Json::object() : changes);
  const auto view = AlertView::parse(json.dump());
  REQUIRE(view);
  return *view;
}

Json sent(const NotifyConfig& config, const AlertView& view) {
  const auto messages = Messages::of(config);
  REQUIRE(messages);
  return Json::parse(messages->notice_of(view).body);
}

std::string refusal(NotifyConfig config) {
  const auto messages = Messages::of(config);
  return messages ? std::string() : messages.error().detail;
}

Notice notice(const std::string& id, int64_t severity = 4) {
  return {id, "body of " + id, severity, EventTime{Milliseconds{1'000}}};
}

/// Seconds after the start.
Outbox::Time at(double seconds) {
  return Outbox::Time{std::chrono::hours(1)} +
         std::chrono::duration_cast<Outbox::Clock::duration>(std::chrono::duration<double>(seconds));
}

Outbox outbox(uint32_t per_minute = 60) {
  NotifyConfig config;
  config.messages_per_minute = per_minute;
  config.retry_max = Milliseconds{8'000};
  return {config, at(0)};
}

}  // namespace

TEST_CASE("whatever a value holds, the message is JSON and says it", "[notify]") {
  const std::string nasty = "\"}, {\"a\": \"\\ \n\t\x01 </script> {{id}} ä \xe2\x80\xae";
  const Json message = sent({}, alert({{"message", nasty}}));
  CHECK(message["message"] == nasty);
  CHECK(message["id"] == "id-1");
  CHECK(message["severity_id"] == 4);
  CHECK(message["count"] == 3);
  CHECK(message["categories"] == Json({"sqli", "xss"}));
  CHECK(message["advice"] == "Do it.");
  CHECK(message["related"] == Json::array());
  const Json cut = sent({}, alert({{"message", std::string(5'000, 'x')}}));
  CHECK(cut["message"].get<std::string>().size() < 2'010);
}

TEST_CASE("the message for Slack has no signs that Slack reads", "[notify]") {
  NotifyConfig config;
  config.preset = NotifyPreset::kSlack;
  const Json message = sent(config, alert({{"message", "<!channel> <https://evil.example|click> & \"q\""}}));
  const auto text = message["text"].get<std::string>();
  CHECK(text.find('<') == std::string::npos);
  CHECK(text.find('>') == std::string::npos);
  CHECK(text.find("&lt;!channel&gt; &lt;https://evil.example|click&gt; &amp; \"q\"") != std::string::npos);
  CHECK(text.starts_with("High: t\n"));
  CHECK(message["mrkdwn"] == false);
}

TEST_CASE("a template of one's own: texts, whole values, nested, and what is no placeholder", "[notify]") {
  NotifyConfig config;
  config.body =
      R"({"a": ["{{ title }} of {{client}}", {"n": "{{severity_id}}", "s": "level {{severity_id}}"}], "all": "{{alert}}",
                   "open": "{{title", "{{title}}": 1, "true": true})";
  config.summary_body = R"({"n": "{{more}}", "t": "{{severities}}, {{severity}}"})";
  const Json message = sent(config, alert());
  CHECK(message["a"][0] == "t of 192.0.2.1");
  CHECK(message["a"][1]["n"] == 4);
  CHECK(message["a"][1]["s"] == "level 4");
  CHECK(message["all"]["metadata"]["uid"] == "id-1");
  CHECK(message["open"] == "{{title");
  CHECK(message["{{title}}"] == 1);
  NoticeSummary summary;
  summary.count = 5;
  summary.by_severity = {0, 0, 0, 3, 2, 0};
  CHECK(Json::parse(Messages::of(config)->summary_of(summary)) == Json({{"n", 5}, {"t", "2 high, 3 medium, high"}}));
}

TEST_CASE("a template that cannot be filled in is refused, and what is wrong is said", "[notify]") {
  const auto with = [](const std::string& body) {
    NotifyConfig config;
    config.body = body;
    return refusal(config);
  };
  CHECK(with("{\"text\": \"{{tilte}}\"}").find("no placeholder {{tilte}}; there are: id, ") != std::string::npos);
  CHECK(with("{\"text\": \"{{title|html}}\"}").find("no filter 'html'") != std::string::npos);
  CHECK(with("title: {{title}}").find("no JSON object") != std::string::npos);
  CHECK(with("\"{{title}}\"").find("no JSON object") != std::string::npos);
  CHECK(with("{\"more\": \"{{more}}\"}").find("no placeholder {{more}}") != std::string::npos);
}

TEST_CASE("the filter goes by kind, phase, severity and, of attacks, category", "[notify]") {
  const auto takes = [](const NotifyConfig& config, const Json& changes = {}) {
    return NoticeFilter(config).takes(alert(changes));
  };
  const auto own = [](const Json& members) { return Json{{"unmapped", {{"weir", members}}}}; };
  NotifyConfig config;
  CHECK(takes(config));
  CHECK_FALSE(takes(config, own({{"phase", "updated"}})));
  CHECK_FALSE(takes(config, {{"severity_id", 2}}));
  CHECK(takes(config, {{"severity_id", 3}}));
  config.kinds = {AlertKind::kBurst, AlertKind::kAttack};
  CHECK(takes(config));
  CHECK_FALSE(takes(config, own({{"kind", "abuse"}})));
  config.categories = {Category::kXss};
  CHECK(takes(config));
  config.categories = {Category::kSsrf};
  CHECK_FALSE(takes(config));
  CHECK(takes(config, own({{"kind", "burst"}, {"categories", nullptr}})));
  config.severity = Level::kCritical;
  CHECK_FALSE(takes(config, own({{"kind", "burst"}})));
}

TEST_CASE("what may be committed is what is delivered, in order", "[notify]") {
  Outbox box = outbox();
  CHECK_FALSE(box.due());
  CHECK(box.add(0, 10, std::nullopt) == Added::kNothing);
  CHECK(box.positions() == std::map<int32_t, int64_t>{{0, 11}});
  CHECK(box.add(0, 11, notice("a")) == Added::kWaits);
  CHECK(box.add(1, 5, std::nullopt) == Added::kNothing);  // behind what waits
  CHECK(box.add(0, 12, notice("b")) == Added::kWaits);
  CHECK(box.positions() == std::map<int32_t, int64_t>{{0, 11}});
  CHECK(box.next(at(0)).notice->id == "a");
  box.delivered(at(0));
  CHECK(box.positions() == std::map<int32_t, int64_t>{{0, 12}, {1, 6}});
  CHECK(box.next(at(0)).notice->id == "b");
  box.refused(at(0));
  CHECK(box.positions() == std::map<int32_t, int64_t>{{0, 13}, {1, 6}});
  CHECK(box.waiting() == 0);
}

TEST_CASE("an alert that comes twice is sent once, as long as its id is remembered", "[notify]") {
  Outbox box = outbox();
  CHECK(box.add(0, 1, notice("a")) == Added::kWaits);
  CHECK(box.add(0, 2, notice("a")) == Added::kRepeat);
  CHECK(box.waiting() == 1);
  CHECK(box.positions().empty());
  static_cast<void>(box.next(at(0)));
  box.delivered(at(0));
  CHECK(box.positions() == std::map<int32_t, int64_t>{{0, 3}});
  RecentIds recent(2);
  CHECK(recent.add("a"));
  CHECK(recent.add("b"));
  CHECK_FALSE(recent.add("a"));
  CHECK(recent.add("c"));
  CHECK(recent.add("a"));  // the oldest was forgotten
  CHECK_FALSE(recent.add("c"));
}

TEST_CASE("beyond the rate one message tells of all that wait", "[notify]") {
  Outbox box = outbox(3);  // a token in 20 s
  for (int i = 0; i < 10; ++i)
    CHECK(box.add(0, i, notice("n" + std::to_string(i), i < 5 ? 4 : 3)) == Added::kWaits);
  for (int i = 0; i < 2; ++i) {
    REQUIRE(*box.due() <= at(0));
    CHECK(box.next(at(0)).notice->id == "n" + std::to_string(i));
    box.delivered(at(0));
  }
  REQUIRE(*box.due() <= at(0));
  const auto all = box.next(at(0));
  CHECK(all.notice == nullptr);
  CHECK(all.summary.count == 8);
  CHECK(all.summary.by_severity == std::array<uint64_t, 6>{0, 0, 0, 5, 3, 0});
  CHECK(box.positions() == std::map<int32_t, int64_t>{{0, 2}});
  box.delivered(at(0));
  CHECK(box.positions() == std::map<int32_t, int64_t>{{0, 10}});
  CHECK(box.add(0, 10, notice("late")) == Added::kWaits);
  CHECK(*box.due() > at(19));
  CHECK(*box.due() <= at(20.01));
  CHECK(box.next(at(20.01)).notice->id == "late");  // alone it needs no summary
}

TEST_CASE("what failed is tried again after pauses that double, or as the receiver asks", "[notify]") {
  Outbox box = outbox();
  CHECK(box.add(0, 1, notice("a")) == Added::kWaits);
  double now = 0;
  for (const double pause : {1.0, 2.0, 4.0, 8.0, 8.0}) {
    static_cast<void>(box.next(at(now)));
    box.failed(at(now), std::nullopt);
    CHECK(*box.due() == at(now + pause));
    now += pause;
  }
  CHECK(box.tries() == 5);
  box.failed(at(now), Milliseconds{30'000});
  CHECK(*box.due() == at(now + 30));
  CHECK(box.positions().empty());
  static_cast<void>(box.next(at(now + 30)));
  box.delivered(at(now + 30));
  CHECK(box.tries() == 0);
  CHECK(box.add(0, 2, notice("b")) == Added::kWaits);
  static_cast<void>(box.next(at(now + 30)));
  box.failed(at(now + 30), std::nullopt);
  CHECK(*box.due() == at(now + 31));  // from the beginning
}

TEST_CASE("the box is full at its bound, and empty when its partitions are another's", "[notify]") {
  Outbox box = outbox();
  for (size_t i = 0; i < Outbox::kWaitingMax; ++i) {
    CHECK_FALSE(box.is_full());
    box.add(0, static_cast<int64_t>(i), notice(std::to_string(i)));
  }
  CHECK(box.is_full());
  box.clear();
  CHECK_FALSE(box.is_full());
  CHECK_FALSE(box.due());
  CHECK(box.add(0, 7, notice("7")) == Added::kWaits);  // not taken for a repeat of what was not sent
}

}  // namespace weir
