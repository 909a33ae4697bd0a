#include "app/input/decompressing_source.h"

#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

namespace weir {

/// One kind of compression.
class DecompressingSource::Codec {
 public:
  enum class Outcome : uint8_t { kGoesOn, kDamaged };

  virtual ~Codec() = default;
  /// Uses bytes of `input` and gives bytes at `to`; `size` becomes how many.
  virtual Outcome run(std::string_view& input, char* to, size_t& size) = 0;
  /// Whether the file may end here.
  [[nodiscard]] virtual bool is_complete() const = 0;

 protected:
  static Outcome give_nothing(size_t& size) {
    size = 0;
    return Outcome::kGoesOn;
  }
};

namespace {

constexpr size_t kInputBytes = 128 << 10;

using namespace std::string_view_literals;
constexpr std::string_view kGzip = "\x1f\x8b"sv;
constexpr std::string_view kZstandard = "\x28\xb5\x2f\xfd"sv;

/// Compressions that people use for logs and weir leaves to their own programs.
struct OtherCompression {
  std::string_view magic, name, program;
};
constexpr std::array kOthers = {
    OtherCompression{"\xfd\x37zXZ\0"sv, "xz", "xzcat"},
    OtherCompression{"BZh"sv, "bzip2", "bzcat"},
    OtherCompression{"PK\x03\x04"sv, "zip", "unzip -p"},
    OtherCompression{"\x04\x22\x4d\x18"sv, "lz4", "lz4cat"},
};

/// RFC 1952; members one behind the other are one text, as of files appended to each other.
class Gzip final : public DecompressingSource::Codec {
 public:
  Gzip() { initialised_ = inflateInit2(&stream_, MAX_WBITS + 16) == Z_OK; }
  ~Gzip() override {
    if (initialised_) inflateEnd(&stream_);
  }
  Gzip(const Gzip&) = delete;
  Gzip& operator=(const Gzip&) = delete;

  Outcome run(std::string_view& input, char* to, size_t& size) override {
    if (between_members_ && input.empty()) return give_nothing(size);
    if (!initialised_ || (between_members_ && inflateReset(&stream_) != Z_OK)) return Outcome::kDamaged;
    between_members_ = false;
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(input.data()));
    stream_.avail_in = static_cast<uInt>(input.size());
    stream_.next_out = reinterpret_cast<Bytef*>(to);
    stream_.avail_out = static_cast<uInt>(std::min<size_t>(size, 1U << 30U));
    const uInt room = stream_.avail_out;
    const int code = inflate(&stream_, Z_NO_FLUSH);
    input.remove_prefix(input.size() - stream_.avail_in);
    size = room - stream_.avail_out;
    between_members_ = code == Z_STREAM_END;
    return code == Z_OK || code == Z_STREAM_END || code == Z_BUF_ERROR ? Outcome::kGoesOn : Outcome::kDamaged;
  }
  [[nodiscard]] bool is_complete() const override { return between_members_; }

 private:
  z_stream stream_{};
  bool initialised_ = false, between_members_ = false;
};

/// RFC 8878; frames one behind the other are one text. The library's limit on the window (128 MiB) stands.
class Zstandard final : public DecompressingSource::Codec {
 public:
  Outcome run(std::string_view& input, char* to, size_t& size) override {
    if (between_frames_ && input.empty()) return give_nothing(size);
    ZSTD_inBuffer in{input.data(), input.size(), 0};
    ZSTD_outBuffer out{to, size, 0};
    const size_t code = stream_ ? ZSTD_decompressStream(stream_.get(), &out, &in) : size_t(-1);
    input.remove_prefix(in.pos);
    size = out.pos;
    if (!stream_ || ZSTD_isError(code) != 0) return Outcome::kDamaged;
    between_frames_ = code == 0;
    return Outcome::kGoesOn;
  }
  [[nodiscard]] bool is_complete() const override { return between_frames_; }

 private:
  struct Free {
    void operator()(ZSTD_DStream* stream) const { ZSTD_freeDStream(stream); }
  };
  std::unique_ptr<ZSTD_DStream, Free> stream_{ZSTD_createDStream()};
  bool between_frames_ = false;
};

/// Whether more bytes could still complete a magic number.
bool may_become_magic(std::string_view bytes) {
  const auto begins = [&](std::string_view magic) { return bytes.size() < magic.size() && magic.starts_with(bytes); };
  return begins(kGzip) || begins(kZstandard) ||
         std::any_of(kOthers.begin(), kOthers.end(), [&](const auto& other) { return begins(other.magic); });
}

}  // namespace

DecompressingSource::DecompressingSource(std::unique_ptr<ByteSource> compressed, std::string name)
    : compressed_(std::move(compressed)), name_(std::move(name)), buffer_(kInputBytes, '\0') {}
DecompressingSource::~DecompressingSource() = default;

Error DecompressingSource::error_of(std::string_view what) const {
  return {ErrorCode::kIo, "input", name_ + ": " + std::string(what)};
}

Result<Chunk> DecompressingSource::fill() {
  const auto chunk = compressed_->read(buffer_.data(), buffer_.size());
  if (chunk && chunk->kind == Chunk::Kind::kBytes) input_ = std::string_view(buffer_).substr(0, chunk->bytes);
  return chunk;
}

Result<Chunk> DecompressingSource::recognise() {
  while (input_.empty() || may_become_magic(input_)) {
    const size_t kept = input_.size();
    const auto chunk = compressed_->read(buffer_.data() + kept, buffer_.size() - kept);
    if (!chunk || chunk->kind == Chunk::Kind::kNothingYet) return chunk;
    if (chunk->kind != Chunk::Kind::kBytes) {
      if (kept == 0) return chunk;
      break;
    }
    input_ = std::string_view(buffer_).substr(0, kept + chunk->bytes);
  }
  for (const OtherCompression& other : kOthers) {
    if (!input_.starts_with(other.magic)) continue;
    return tl::unexpected(error_of("is compressed with " + std::string(other.name) + ", which weir does not read: " +
                                   std::string(other.program) + " FILE | weir scan -"));
  }
  if (input_.starts_with(kGzip)) codec_ = std::make_unique<Gzip>();
  if (input_.starts_with(kZstandard)) codec_ = std::make_unique<Zstandard>();
  recognised_ = true;
  return Chunk{Chunk::Kind::kBytes, input_.size()};
}

Result<Chunk> DecompressingSource::pass(char* to, size_t size) {
  if (input_.empty()) return compressed_->read(to, size);
  const size_t bytes = std::min(size, input_.size());
  std::memcpy(to, input_.data(), bytes);
  input_.remove_prefix(bytes);
  return Chunk{Chunk::Kind::kBytes, bytes};
}

Result<Chunk> DecompressingSource::read(char* to, size_t size) {
  if (!recognised_) {
    const auto decided = recognise();
    if (!decided || decided->kind != Chunk::Kind::kBytes) return decided;
  }
  if (!codec_) return pass(to, size);
  while (true) {
    size_t given = size;
    const auto outcome = codec_->run(input_, to, given);
    if (given > 0) return Chunk{Chunk::Kind::kBytes, given};
    if (outcome == Codec::Outcome::kDamaged) return tl::unexpected(error_of("the compressed data are damaged"));
    if (!input_.empty()) continue;
    const auto chunk = fill();
    if (!chunk || chunk->kind == Chunk::Kind::kNothingYet) return chunk;
    if (chunk->kind == Chunk::Kind::kBytes) continue;
    if (!codec_->is_complete()) return tl::unexpected(error_of("the compressed data end early"));
    recognised_ = false;
    return chunk;
  }
}

}  // namespace weir
