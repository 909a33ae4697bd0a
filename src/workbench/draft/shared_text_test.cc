#include "workbench/draft/shared_text.h"

#include "base/catch.h"

namespace weir {
namespace {

using Texts = std::vector<std::string>;

Texts shared(const Texts& texts) {
  return shared_pieces(texts);
}

}  // namespace

TEST_CASE("pieces are what every text holds, the longest first", "[draft]") {
  CHECK(shared({"id=1' union select a from t", "q=x' union select b from u"}) == Texts{"' union select", "from"});
  CHECK(shared({"a=../../etc/passwd\nb=%00", "c=%00\nd=../../../etc/passwd"}) ==
        Texts{"../../etc/passwd", "=../../", "=%00"});
  CHECK(shared({"abc", "xyz"}).empty());
  CHECK(shared({"abc", ""}).empty());
  CHECK(shared({}).empty());
}

TEST_CASE("no piece goes over the end of a line", "[draft]") {
  CHECK(shared({"a=one\nb=two", "a=one\nb=two"}) == Texts{"a=one", "b=two"});
}

TEST_CASE("what words only happen to share is left out", "[draft]") {
  CHECK(shared({"cmd=wget http://a.example/x", "cmd=wget http://abc.test/y"}) == Texts{"cmd=wget http://"});
  CHECK(shared({"name=selection", "name=selected"}) == Texts{"name="});
  CHECK(shared({"x=reselect 1", "x=select 2"}).empty());
  // Where it stands as a word of its own in each, it is one.
  CHECK(shared({"a=reselect select!", "b=my select!"}) == Texts{"select!"});
}

TEST_CASE("two bytes are enough only when neither is a letter or digit", "[draft]") {
  CHECK(shared({"a$(b", "c$(d"}) == Texts{"$("});
  CHECK(shared({"=id", "?id"}).empty());
}

TEST_CASE("of a single text what is particular to it is left out", "[draft]") {
  CHECK(shared({"url=http://203.0.113.7/shell.sh\nid=12345"}) == Texts{"url=http://", "/shell.sh", "id="});
  CHECK(shared({"q=sleep(5)\ntoken=0123456789abcdef"}) == Texts{"q=sleep(5)", "token="});
}

TEST_CASE("a piece is cut at the end of a word", "[draft]") {
  const std::string words = std::string(100, 'a') + " " + std::string(100, 'b');
  CHECK(shared({words}) == Texts{std::string(100, 'a')});
  CHECK(shared({std::string(500, 'a')}) == Texts{std::string(kPieceBytesMax, 'a')});
}

TEST_CASE("long texts of one letter take no time to speak of", "[draft]") {
  const std::string many(20'000, 'a');
  CHECK(shared({many, many + "!", many}).size() == 1);
}

}  // namespace weir
