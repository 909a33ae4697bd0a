#include "app/setup/form_report.h"

namespace weir {

std::vector<std::string> configuration_lines(const RecognitionCandidate& best) {
  if (!best.made_up.empty()) return {"profile: ./mine.yaml  # what `weir profiles detect` makes of it"};
  const InputProfile& profile = best.profile;
  std::vector<std::string> lines{"profile: " + profile.name};
  std::string pointers;
  for (const auto& pointer : profile.unwrap)
    pointers += (pointers.empty() ? "" : ", ") + pointer;
  if (!pointers.empty()) lines.push_back("unwrap: [" + pointers + "]");
  if (!profile.split.empty()) lines.push_back("split: " + profile.split);
  return lines;
}

std::string describe_form(std::span<const std::string> records, const ProfileCatalog& catalog) {
  const std::vector<std::string_view> lines(records.begin(), records.end());
  const Recognition recognition = recognise_format(lines, InputOptions{}, catalog);
  const RecognitionCandidate* best = recognition.best();
  if (best == nullptr) return {};
  std::string text = std::to_string(best->lines_read) + " of " + std::to_string(recognition.lines) + " look like " +
                     describe(*best) + ": set ";
  const auto configuration = configuration_lines(*best);
  for (size_t i = 0; i < configuration.size(); ++i)
    text += (i == 0 ? "" : ", ") + configuration[i];
  return text;
}

}  // namespace weir
