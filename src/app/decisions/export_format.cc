#include "app/decisions/export_format.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "base/ip_address.h"

namespace weir {
namespace {

/// "192.0.2.1" and 32.
std::pair<std::string_view, std::string> address_and_prefix(const std::string& subject) {
  const size_t slash = subject.find('/');
  const std::string_view address = std::string_view(subject).substr(0, slash);
  if (slash != std::string::npos) return {address, subject.substr(slash + 1)};
  return {address, subject.find(':') == std::string::npos ? "32" : "128"};
}

std::string line_of(const Decision& decision, ExportFormat format) {
  const std::string& subject = decision.subject;
  const std::string action(to_string(decision.action));
  switch (format) {
    case ExportFormat::kPlain:
      return subject + "\n";
    case ExportFormat::kNginxDeny:
      return "deny " + subject + ";\n";
    case ExportFormat::kNginxGeo:
      return subject + " " + action + ";\n";
    case ExportFormat::kHaproxyMap:
      return subject + " " + action + "\n";
    case ExportFormat::kEnvoy: {
      const auto [address, prefix] = address_and_prefix(subject);
      return R"({"remote_ip": {"address_prefix": ")" + std::string(address) + R"(", "prefix_len": )" + prefix + "}}";
    }
    case ExportFormat::kCount:
      break;
  }
  return {};
}

/// What stands in the topic is no word of a configuration before it was looked at.
bool is_network(const std::string& subject) {
  return Cidr::parse(subject).has_value() && subject.find_first_of(" ;\"\n\r") == std::string::npos;
}

class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& path)
      : name_(path + ".XXXXXX"), descriptor_(::mkostemp(name_.data(), O_CLOEXEC)) {}
  ~TemporaryFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
    if (!name_.empty() && descriptor_ >= 0) ::unlink(name_.c_str());
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  bool write(std::string_view content) const {
    while (!content.empty()) {
      const ssize_t written = ::write(descriptor_, content.data(), content.size());
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) return false;
      content.remove_prefix(static_cast<size_t>(written));
    }
    return true;
  }
  [[nodiscard]] int descriptor() const { return descriptor_; }
  bool become(const std::string& path) {
    if (::fsync(descriptor_) != 0 || std::rename(name_.c_str(), path.c_str()) != 0) return false;
    name_.clear();
    return true;
  }

 private:
  std::string name_;
  int descriptor_;
};

}  // namespace

std::string exported(const DecisionBoard& board, ExportFormat format, unsigned actions) {
  const bool is_json = format == ExportFormat::kEnvoy;
  std::string text = is_json ? "[" : "";
  bool is_first = true;
  board.each_enforced([&](const Decision& decision) {
    const bool is_wanted = (actions >> static_cast<unsigned>(decision.action) & 1U) != 0;
    if (decision.client_kind != ClientKind::kAddress || !is_wanted || !is_network(decision.subject)) return;
    if (is_json) text += is_first ? "\n  " : ",\n  ";
    is_first = false;
    text += line_of(decision, format);
  });
  return is_json ? text + (is_first ? "]\n" : "\n]\n") : text;
}

Status replace_file(const std::string& path, const std::string& content) {
  constexpr mode_t kReadableByAll = S_IRUSR | S_IWUSR | S_IRGRP | S_IROTH;
  struct stat before {};
  const mode_t mode = ::stat(path.c_str(), &before) == 0 ? before.st_mode & 07777U : kReadableByAll;
  TemporaryFile file(path);
  if (file.descriptor() < 0 || ::fchmod(file.descriptor(), mode) != 0 || !file.write(content) || !file.become(path))
    return fail(ErrorCode::kIo, "--output", path + ": " + std::strerror(errno));
  return {};
}

}  // namespace weir
