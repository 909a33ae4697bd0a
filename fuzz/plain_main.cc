// Runs a fuzz target over given inputs, without libFuzzer: what the seeds once showed still holds, with any compiler.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

namespace fs = std::filesystem;

/// Longer than the lengths and magic numbers that formats begin with.
constexpr size_t kPlainBytes = 64;

void run(const std::string& input) {
  LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(input.data()), input.size());
}

/// The files of a folder, in the order of their names; a folder that is not there has none.
std::vector<fs::path> files_of(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code missing;
  for (const auto& entry : fs::directory_iterator(folder, missing))
    if (entry.is_regular_file()) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

bool run_file(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) {
    std::fprintf(stderr, "cannot read %s\n", file.c_str());
    return false;
  }
  run({std::istreambuf_iterator<char>(in), {}});
  return true;
}

}  // namespace

/// Arguments: files, and folders of them. Nothing and one byte of each value, repeated, are run in any case.
int main(int argc, char* argv[]) {
  run({});
  for (int byte = 0; byte <= 0xff; ++byte)
    run(std::string(kPlainBytes, static_cast<char>(byte)));
  size_t inputs = 0;
  for (int i = 1; i < argc; ++i) {
    const fs::path argument = argv[i];
    const std::vector<fs::path> files = fs::is_regular_file(argument) ? std::vector{argument} : files_of(argument);
    for (const fs::path& file : files) {
      if (!run_file(file)) return 1;
      ++inputs;
    }
  }
  std::printf("%zu inputs\n", inputs);
  return 0;
}
