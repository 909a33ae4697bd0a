#include <CLI/CLI.hpp>

#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <memory>
#include <string>

#include "app/commands/command.h"
#include "app/setup/admin_address.h"
#include "app/setup/exit_code.h"
#include "app/setup/report.h"
#include "app/terminal/interruption.h"
#include "app/terminal/terminal.h"
#include "app/top/top_view.h"

namespace weir {
namespace {

struct TopArguments {
  std::string config_file;
  std::string address;
  double interval = 2;
  int screens = 0;  ///< 0: until it is interrupted
};

constexpr const char* kClearScreen = "\x1b[H\x1b[2J";

Result<TopSample> take_sample(HttpCall call) {
  TopSample sample;
  call.timeout = std::chrono::seconds(5);
  call.path = "/metrics";
  auto metrics = call_http(call);
  if (!metrics) return tl::unexpected(metrics.error());
  sample.metrics = MetricSamples::parse(metrics->body);
  call.path = "/-/ready";
  const auto ready = call_http(call);
  if (!ready) return tl::unexpected(ready.error());
  sample.ready = printable(ready->body.substr(0, ready->body.find('\n')));
  sample.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
  return sample;
}

/// `weir top`: a screen of rates every few seconds; 1 when nobody answers.
int run_top(const TopArguments& arguments) {
  const auto call = call_to(arguments.address, arguments.config_file);
  if (!call) return report_usage_error(call.error());
  const bool terminal = isatty(STDOUT_FILENO) != 0;
  const Palette palette = Palette::for_stream(STDOUT_FILENO);
  Interruption interruption;
  auto before = take_sample(*call);
  for (int shown = 0; before && (arguments.screens == 0 || shown < arguments.screens); ++shown) {
    interruption.wait(-1, static_cast<int>(arguments.interval * 1'000));
    if (interruption.requested()) return kExitFine;
    auto now = take_sample(*call);
    if (now) {
      const std::string screen = (terminal ? kClearScreen : "") + top_screen(*before, *now, palette);
      std::fputs(screen.c_str(), stdout);
      std::fflush(stdout);
    }
    before = std::move(now);
  }
  if (before) return kExitFine;
  std::fprintf(stderr, "weir top: %s\n", before.error().detail.c_str());
  return kExitFailed;
}

}  // namespace

void add_top_command(CLI::App& program, int& exit_code) {
  auto arguments = std::make_shared<TopArguments>();
  auto* top = program.add_subcommand("top", "Show rates, lag and what is hit most in a running weir, live");
  top->add_option("-c,--config", arguments->config_file, "Configuration file that says where it listens");
  top->add_option("-a,--address", arguments->address, "Where it listens [127.0.0.1:9464]");
  top->add_option("-i,--interval", arguments->interval, "Seconds between two screens")
      ->check(CLI::Range(0.1, 3'600.0))
      ->default_str("2");
  top->add_option("-n,--screens", arguments->screens, "End after so many screens; 0 for none")
      ->check(CLI::Range(0, 1'000'000));
  top->footer("Reads /metrics and /-/ready, which need no key. Ctrl-C ends it.");
  top->callback([arguments, &exit_code] { exit_code = run_top(*arguments); });
}

}  // namespace weir
