#include "kafka/groups/partition_owner.h"

#include <array>

#include "kafka/client_config.h"
#include "kafka/handles.h"

namespace weir {
namespace {

constexpr const char* kOwnerClientId = "weir-owner";

std::string text_of(const char* text) {
  return text == nullptr ? std::string() : std::string(text);
}

bool has_partition(const rd_kafka_MemberDescription_t* member, const std::string& topic, int32_t partition) {
  const rd_kafka_MemberAssignment_t* assignment = rd_kafka_MemberDescription_assignment(member);
  if (assignment == nullptr) return false;
  const rd_kafka_topic_partition_list_t* list = rd_kafka_MemberAssignment_partitions(assignment);
  return list != nullptr && rd_kafka_topic_partition_list_find(list, topic.c_str(), partition) != nullptr;
}

PartitionOwner owner_of(const rd_kafka_MemberDescription_t* member) {
  return {text_of(rd_kafka_MemberDescription_client_id(member)),
          text_of(rd_kafka_MemberDescription_group_instance_id(member)),
          text_of(rd_kafka_MemberDescription_host(member))};
}

/// Calls `visit` with each member.
template <typename Visit>
Status describe(const ClientOptions& options, const std::string& group, Milliseconds timeout, const Visit& visit) {
  const std::string what = "members of group " + group;
  ClientContext context;
  context.log = options.log;
  context.client_id = kOwnerClientId;
  auto client = make_client(RD_KAFKA_PRODUCER, producer_properties(options, kOwnerClientId), context);
  if (!client) return tl::unexpected(client.error());
  std::array<char, 512> text{};
  const AdminOptionsHandle asked(rd_kafka_AdminOptions_new(client->get(), RD_KAFKA_ADMIN_OP_DESCRIBECONSUMERGROUPS));
  static_cast<void>(rd_kafka_AdminOptions_set_request_timeout(asked.get(), static_cast<int>(timeout.count()),
                                                              text.data(), text.size()));
  const QueueHandle answers(rd_kafka_queue_new(client->get()));
  const char* name = group.c_str();
  rd_kafka_DescribeConsumerGroups(client->get(), &name, 1, asked.get(), answers.get());
  const EventHandle answer(rd_kafka_queue_poll(answers.get(), static_cast<int>(timeout.count())));
  if (answer == nullptr) return tl::unexpected(kafka_error(what, RD_KAFKA_RESP_ERR__TIMED_OUT));
  if (const auto code = rd_kafka_event_error(answer.get()); code != RD_KAFKA_RESP_ERR_NO_ERROR)
    return tl::unexpected(kafka_error(what, code));
  size_t count = 0;
  const auto* const* groups =
      rd_kafka_DescribeConsumerGroups_result_groups(rd_kafka_event_DescribeConsumerGroups_result(answer.get()), &count);
  if (count != 1) return tl::unexpected(kafka_error(what, RD_KAFKA_RESP_ERR__BAD_MSG));
  if (const rd_kafka_error_t* error = rd_kafka_ConsumerGroupDescription_error(groups[0]); error != nullptr)
    return tl::unexpected(kafka_error(what, rd_kafka_error_code(error)));
  for (size_t i = 0; i < rd_kafka_ConsumerGroupDescription_member_count(groups[0]); ++i)
    visit(rd_kafka_ConsumerGroupDescription_member(groups[0], i));
  return {};
}

}  // namespace

Result<std::optional<PartitionOwner>> owner_of_partition(const ClientOptions& options, const std::string& group,
                                                         const std::string& topic, int32_t partition,
                                                         Milliseconds timeout) {
  std::optional<PartitionOwner> owner;
  const Status status = describe(options, group, timeout, [&](const rd_kafka_MemberDescription_t* member) {
    if (!owner && has_partition(member, topic, partition)) owner = owner_of(member);
  });
  if (!status) return tl::unexpected(status.error());
  return owner;
}

Result<std::vector<PartitionOwner>> members_of(const ClientOptions& options, const std::string& group,
                                               Milliseconds timeout) {
  std::vector<PartitionOwner> members;
  const Status status = describe(options, group, timeout, [&](const rd_kafka_MemberDescription_t* member) {
    members.push_back(owner_of(member));
  });
  if (!status) return tl::unexpected(status.error());
  return members;
}

}  // namespace weir
