#include "app/scan/decision_file.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include "score/decisions/decision_message.h"

namespace weir {

Result<DecisionFile> DecisionFile::open(const std::string& path) {
  DecisionFile opened;
  if (path.empty()) return opened;
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, S_IRUSR | S_IWUSR);
  opened.file_.reset(descriptor < 0 ? nullptr : ::fdopen(descriptor, "w"));
  if (!opened.file_) return fail(ErrorCode::kInvalidArgument, "--decisions", path + ": " + std::strerror(errno));
  return opened;
}

void DecisionFile::write(std::span<const DecisionChange> changes) {
  if (!file_) return;
  for (const DecisionChange& change : changes) {
    const std::string line = decision_line(change) + "\n";
    std::fwrite(line.data(), 1, line.size(), file_.get());
  }
}

bool DecisionFile::close() {
  if (!file_) return true;
  const bool is_whole = std::ferror(file_.get()) == 0;
  return std::fclose(file_.release()) == 0 && is_whole;
}

}  // namespace weir
