package io.inpod.examples.istio;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.Parser;
import io.grpc.MethodDescriptor.Marshaller;
import io.grpc.Status;
import java.io.ByteArrayInputStream;
import java.io.InputStream;

/**
 * Protobuf messages on a gRPC stream. Their size is limited by the channel, not here.
 *
 * @param <M> the message
 */
record MessageMarshaller<M extends Message>(Parser<M> parser) implements Marshaller<M> {
    @Override
    public InputStream stream(M message) {
        return new ByteArrayInputStream(message.toByteArray());
    }

    @Override
    public M parse(InputStream stream) {
        try {
            return parser.parseFrom(stream);
        } catch (InvalidProtocolBufferException e) {
            throw Status.INTERNAL.withDescription("not a message of the expected type: " + e.getMessage()).withCause(e)
                    .asRuntimeException();
        }
    }
}
