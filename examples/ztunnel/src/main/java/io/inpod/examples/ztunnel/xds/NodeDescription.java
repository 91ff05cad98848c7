package io.inpod.examples.ztunnel.xds;

import com.google.protobuf.ListValue;
import com.google.protobuf.NullValue;
import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import io.inpod.examples.istio.NodeApi;
import io.inpod.examples.ztunnel.config.XdsConfig;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** How this proxy introduces itself. */
final class NodeDescription {
    private NodeDescription() {}

    static NodeApi.Node of(XdsConfig config) {
        return NodeApi.Node.newBuilder().setId(config.nodeId()).setMetadata(struct(config.metadata())).build();
    }

    private static Struct struct(Map<?, ?> map) {
        Struct.Builder struct = Struct.newBuilder();
        map.forEach((name, value) -> struct.putFields(String.valueOf(name), value(value)));
        return struct.build();
    }

    private static Value value(@Nullable Object value) {
        Value.Builder to = Value.newBuilder();
        if (value == null) {
            to.setNullValue(NullValue.NULL_VALUE);
        } else if (value instanceof Map<?, ?> map) {
            to.setStructValue(struct(map));
        } else if (value instanceof List<?> list) {
            ListValue.Builder values = ListValue.newBuilder();
            list.forEach(item -> values.addValues(value(item)));
            to.setListValue(values);
        } else if (value instanceof Boolean flag) {
            to.setBoolValue(flag);
        } else if (value instanceof Number number) {
            to.setNumberValue(number.doubleValue());
        } else {
            to.setStringValue(value.toString());
        }
        return to.build();
    }
}
