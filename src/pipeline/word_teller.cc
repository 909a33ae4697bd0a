#include "pipeline/word_teller.h"

#include "base/utf8.h"
#include "evidence/record_words.h"
#include "evidence/request_facts.h"

namespace weir {

std::string_view WordTeller::tell(const Event& event, uint64_t agent_hash, uint64_t path_hash, std::string_view account,
                                  Arena& arena) {
  Known& agent = agents_[agent_hash % agents_.size()];
  if (agent.hash != agent_hash) {
    agent.hash = agent_hash;
    agent.text = masker_.text(event.user_agent, arena, RecordWords::kAgentBytesMax);
  }
  Known& path = paths_[path_hash % paths_.size()];
  if (path.hash != path_hash) {
    path.hash = path_hash;
    const std::string route = folded_route(masker_.text(event.path, arena, EvidenceView::kFieldBytesMax));
    path.text = cut_utf8(route, RecordWords::kPathBytesMax);
  }
  return pack(event.user_agent.empty() ? std::string_view() : agent.text, path.text, account, arena);
}

std::string_view WordTeller::tell(const EvidenceView& evidence, std::string_view account, Arena& arena) {
  return pack(evidence.user_agent, folded_route(evidence.path), account, arena);
}

std::string_view WordTeller::pack(std::string_view agent, std::string_view path, std::string_view account,
                                  Arena& arena) {
  packed_.clear();
  pack_words({cut_utf8(agent, RecordWords::kAgentBytesMax), cut_utf8(path, RecordWords::kPathBytesMax),
              cut_utf8(account, RecordWords::kAccountBytesMax)},
             packed_);
  return arena.copy(packed_);
}

}  // namespace weir
