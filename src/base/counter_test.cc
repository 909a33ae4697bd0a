#include "base/counter.h"

#include <thread>

#include "base/catch.h"

namespace weir {

TEST_CASE("a counter adds up and can be set", "[base][counter]") {
  Counter counter;
  counter.add();
  counter.add(41);
  CHECK(counter.value() == 42);
  counter.set(7);
  CHECK(counter.value() == 7);
}

TEST_CASE("a reader sees a counter only grow while one thread writes", "[base][counter]") {
  constexpr uint64_t kAdds = 200'000;
  Counter counter;
  std::thread writer([&] {
    for (uint64_t i = 0; i < kAdds; ++i)
      counter.add();
  });
  uint64_t last = 0;
  bool only_grew = true;
  while (last < kAdds) {
    const uint64_t now = counter.value();
    only_grew &= now >= last;
    last = now;
  }
  writer.join();
  CHECK(only_grew);
  CHECK(counter.value() == kAdds);
}

TEST_CASE("a histogram's bound belongs to its bucket, and the last bucket takes the rest", "[base][counter]") {
  Histogram<2> histogram(std::array<double, 2>{0.1, 1.0});
  histogram.observe(0.1);
  histogram.observe(0.100001);
  histogram.observe(1.0, 3);
  histogram.observe(50.0);
  CHECK(histogram.count(0) == 1);
  CHECK(histogram.count(1) == 4);
  CHECK(histogram.count(2) == 1);
  CHECK(histogram.sum() == Approx(53.200001));
}

}  // namespace weir
