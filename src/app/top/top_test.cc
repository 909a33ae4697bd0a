#include <string>

#include "app/top/metric_samples.h"
#include "app/top/top_view.h"
#include "base/catch.h"

namespace weir {
namespace {

TopSample sample(const std::string& text, double seconds) {
  return {MetricSamples::parse(text), "every lane has joined its group", seconds};
}

}  // namespace

TEST_CASE("samples are summed by name, and by one label") {
  const auto metrics = MetricSamples::parse(
      "# HELP a text with a 1\n# TYPE a counter\na{k=\"x\",l=\"1\"} 2\na{k=\"x\",l=\"2\"} 3\na{k=\"say \\\"y\\\"\"} "
      "1e2\nab 7\nbroken\na x\n");
  CHECK(metrics.sum("a") == 105);
  CHECK(metrics.sum("ab") == 7);
  CHECK(metrics.sum("nothing") == 0);
  const auto by = metrics.by_label("a", "k");
  CHECK(by.at("x") == 5);
  CHECK(by.at("say \\\"y\\\"") == 100);
}

TEST_CASE("a screen shows rates between two samples and what is hit most first") {
  const auto before = sample("weir_records_total 1000\nweir_rule_hits_total{category=\"sqli\"} 10\n", 10);
  const auto now = sample(
      "weir_records_total 5000\nweir_rule_hits_total{category=\"sqli\"} 11\nweir_rule_hits_total{category=\"xss\"} 9\n"
      "weir_consumer_lag_records{topic=\"a\",partition=\"0\"} "
      "3\nweir_consumer_lag_records{topic=\"a\",partition=\"1\"} 4\n"
      "weir_hits_by_rule_total{rule_id=\"1\",title=\"A rule with a title that is longer than the other rows have room "
      "for\"} 8\n",
      12);
  const std::string screen = top_screen(before, now, Palette::for_stream(-1));
  CAPTURE(screen);
  CHECK(screen.find("2,000/s  5,000") != std::string::npos);
  CHECK(screen.find("other rows have         4.0/s  8\n") != std::string::npos);
  CHECK(screen.find("xss") < screen.find("sqli"));
  CHECK(screen.find("lag, messages                         7.0") != std::string::npos);
}

TEST_CASE("a counter that began anew shows no negative rate") {
  const std::string screen =
      top_screen(sample("weir_records_total 1000\n", 1), sample("weir_records_total 5\n", 2), Palette::for_stream(-1));
  CHECK(screen.find("-") == std::string::npos);
}

}  // namespace weir
