#pragma once

#include <cstdio>
#include <memory>
#include <span>
#include <string>

#include "base/result.h"
#include "score/decisions/decision.h"

namespace weir {

/// A file of the decisions that came of what was judged, one JSON line for each change. For its owner's eyes: it names clients.
class DecisionFile {
 public:
  /// None is written with an empty path.
  static Result<DecisionFile> open(const std::string& path);

  void write(std::span<const DecisionChange> changes);
  /// False if something could not be written.
  bool close();

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  std::unique_ptr<std::FILE, Close> file_;
};

}  // namespace weir
