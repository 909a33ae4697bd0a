#pragma once

#include "alert/alert.h"
#include "alert/json_writer.h"

namespace weir {

/// Parts of an alert's JSON (encode_ocsf), each a member or some of the object that is open.

/// `made_of`: what the requests of abuse and of bursts were, and of each kind how many have none of the values named.
void write_made_of(JsonWriter& json, const Alert& alert);

/// `window`: what stood in the window by which the client was judged.
void write_window(JsonWriter& json, const Alert& alert);

/// The finding's `related_events`: the opening alerts of the episodes it belongs with, which are OCSF events themselves.
void write_related_events(JsonWriter& json, const Alert& alert);

/// `related`: the same with the episodes' ids and kinds.
void write_related(JsonWriter& json, const Alert& alert);

/// `location` and `autonomous_system` of the endpoint.
void write_whereabouts(JsonWriter& json, const AddressContext& context);

/// The schema's `enrichments`: what databases and lists say of the address.
void write_enrichments(JsonWriter& json, const Alert& alert);

/// `enrichment`: the same for readers of weir's own members, and which databases and lists were asked.
void write_context(JsonWriter& json, const AddressContext& context);

}  // namespace weir
