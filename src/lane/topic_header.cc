#include "lane/topic_header.h"

#include <algorithm>
#include <charconv>

namespace weir {
std::string_view TopicHeaderWriter::text() {
  for (const size_t count = topics_.size(); written_ < count; ++written_) {
    if (!text_.empty()) text_ += ',';
    text_.append(std::to_string(written_)).append(1, '=').append(topics_[written_]);
  }
  return text_;
}

void TopicHeaderReader::translate(std::string_view header, ObservationBlock& block) {
  if (header != known_) read(header);
  if (is_same_) return;
  for (Observation& observation : block.observations)
    observation.at.topic = number_of(observation.at.topic);
  for (CorrelationEvent& event : block.correlations.events)
    event.at.topic = number_of(event.at.topic);
  for (SourceReport& source : block.sources)
    source.topic = number_of(source.topic);
  // Of a source that has no name nothing can be said.
  std::erase_if(block.sources, [](const SourceReport& source) { return source.topic == TopicTable::kNoTopic; });
}

/// Legal names of topics hold neither commas nor equals signs.
void TopicHeaderReader::read(std::string_view header) {
  known_ = header;
  numbers_.clear();
  is_same_ = true;
  while (!header.empty() && numbers_.size() < TopicTable::kTopicsMax) {
    const auto entry = header.substr(0, header.find(','));
    header.remove_prefix(std::min(entry.size() + 1, header.size()));
    uint16_t theirs = 0;
    const auto [end, error] = std::from_chars(entry.data(), entry.data() + entry.size(), theirs);
    if (error != std::errc{} || end == entry.data() + entry.size() || *end != '=') continue;
    const auto name = entry.substr(static_cast<size_t>(end - entry.data()) + 1);
    const uint16_t ours = topics_.add(name, TopicTable::Unclaimed::kTake).value_or(TopicTable::kNoTopic);
    numbers_.emplace_back(theirs, ours);
    is_same_ = is_same_ && theirs == ours;
  }
}

uint16_t TopicHeaderReader::number_of(uint16_t theirs) const {
  for (const auto& [number, ours] : numbers_)
    if (number == theirs) return ours;
  return TopicTable::kNoTopic;
}

}  // namespace weir
