#include "app/setup/startup_summary.h"

#include <string_view>

namespace weir {
namespace {

template <typename List, typename Text>
std::string joined(const List& list, Text text) {
  std::string line;
  for (const auto& item : list)
    line += (line.empty() ? "" : ", ") + std::string(text(item));
  return line;
}

std::string joined(const std::vector<std::string>& list) {
  return joined(list, [](const std::string& text) { return text; });
}

std::string work_line(const Config& config) {
  std::string line = "stages " + joined(config.stages, [](Stage stage) { return to_string(stage); }) + "; delivery " +
                     std::string(to_string(config.delivery)) + "; lanes: detect " +
                     (config.lanes.detect == 0 ? "one per core" : std::to_string(config.lanes.detect)) + ", score " +
                     std::to_string(config.lanes.score) + "; memory for Kafka " +
                     std::to_string(config.memory.kafka_kbytes / 1024) + " MiB, clients " +
                     std::to_string(config.score.clients_max) + " a partition";
  line += "; crash journal " + (config.quarantine.directory.empty() ? "off" : "in " + config.quarantine.directory);
  return line;
}

std::string kafka_line(const KafkaConfig& kafka) {
  std::string line = "kafka: " + kafka.bootstrap_servers + " by " + std::string(to_string(kafka.security.protocol));
  if (!kafka.security.sasl_mechanism.empty()) line += " " + kafka.security.sasl_mechanism;
  line += "; group " + kafka.group_id + (kafka.instance_id.empty() ? "" : ", instance " + kafka.instance_id) +
          "; from " + joined(kafka.topics.requests) + " to " + kafka.topics.alerts;
  if (!kafka.client_properties.empty())
    line += "; client properties set: " + joined(kafka.client_properties, [](const auto& item) { return item.first; });
  return line;
}

std::string rules_line(const CommandSetup& setup) {
  const RuleSetOptions& options = setup.config.rules.options;
  std::string line = "the rules are " + std::to_string(setup.rules->rules().size()) + " of " +
                     joined(setup.rule_directories) + ", level " + std::string(to_string(options.security_level)) +
                     ", threshold " + std::to_string(options.threshold) + ", set " + setup.rules->fingerprint();
  line += "; policy " +
          (setup.config.policy ? "of " + std::to_string(setup.config.policy->routes().size()) + " routes" : "none");
  return line + "; input profile " + setup.config.input.profile.name;
}

}  // namespace

std::vector<std::string> startup_summary(const CommandSetup& setup) {
  return {work_line(setup.config), kafka_line(setup.config.kafka), rules_line(setup)};
}

}  // namespace weir
