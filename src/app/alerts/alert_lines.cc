#include "app/alerts/alert_lines.h"

#include <utility>

#include "app/setup/terminal_log.h"

namespace weir {
namespace {

constexpr size_t kLineBytesMax = 16 << 20;  // more than a broker takes
constexpr size_t kLinesAtOnce = 64;
constexpr int kLookAgainMs = 200;

}  // namespace

Result<AlertLines> AlertLines::open(const Config& config, const std::string& file, const std::string& topic,
                                    Start start, End end) {
  AlertLines lines;
  lines.end_ = end;
  if (!file.empty()) {
    lines.name_ = file == "-" ? "standard input" : file;
    lines.file_ = std::make_unique<LineReader>(
        file, kLineBytesMax, end == End::kNever && file != "-" ? Reading::kFollowing : Reading::kAsItComes);
    if (auto opened = lines.file_->open(); !opened) return tl::unexpected<Error>(opened.error());
    return lines;
  }
  lines.name_ = topic.empty() ? config.kafka.topics.alerts : topic;
  ClientOptions options;
  options.kafka = config.kafka;
  options.log = log_to_terminal();
  const std::vector<std::string> topics{lines.name_};
  auto reader = TopicReader::open(
      options, topics, start == Start::kBeginning ? TopicReader::Start::kBeginning : TopicReader::Start::kEnd);
  if (!reader) return tl::unexpected<Error>(reader.error());
  lines.topic_ = std::move(*reader);
  return lines;
}

Result<std::optional<std::string>> AlertLines::next(Interruption& interruption) {
  return file_ ? next_of_file(interruption) : next_of_topic(interruption);
}

Result<std::optional<std::string>> AlertLines::next_of_file(Interruption& interruption) {
  std::vector<std::string_view> views;
  while (lines_.empty()) {
    if (interruption.requested()) return std::nullopt;
    if (auto read = file_->read(kLinesAtOnce, views); !read) return tl::unexpected<Error>(read.error());
    if (views.empty() && !file_->is_waiting()) return std::nullopt;
    if (views.empty()) interruption.wait(file_->descriptor(), file_->descriptor() < 0 ? kLookAgainMs : -1);
    line_ = file_->first_line();
    lines_.assign(views.begin(), views.end());
  }
  std::string line = std::move(lines_.front());
  lines_.pop_front();
  place_ = "line " + std::to_string(line_++) + " of " + name_;
  return line;
}

Result<std::optional<std::string>> AlertLines::next_of_topic(Interruption& interruption) {
  while (!interruption.requested()) {
    auto record = topic_->next(Milliseconds(kLookAgainMs));
    if (!record) return tl::unexpected<Error>(record.error());
    if (*record) {
      place_ = name_ + "/" + std::to_string((*record)->partition) + " at offset " + std::to_string((*record)->offset);
      return std::move((*record)->value);
    }
    if (end_ == End::kWhatIsThere && topic_->has_reached_ends()) return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace weir
