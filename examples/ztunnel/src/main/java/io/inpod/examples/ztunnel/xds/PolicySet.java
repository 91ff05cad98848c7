package io.inpod.examples.ztunnel.xds;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import io.inpod.examples.istio.DiscoveryApi.Resource;
import io.inpod.examples.istio.SecurityApi;
import io.inpod.examples.ztunnel.mesh.Mesh;
import io.inpod.examples.ztunnel.mesh.MeshChange;
import io.inpod.examples.ztunnel.mesh.Policy;
import org.jspecify.annotations.Nullable;

/** Authorization policies. One that can't be used denies what it may concern, instead of being left out. */
final class PolicySet extends ResourceSet {
    static final String TYPE = "type.googleapis.com/istio.security.Authorization";

    PolicySet() {
        super(TYPE);
    }

    private record OfPolicy(Policy policy) implements Value {
        @Override
        public Object key() {
            return new PolicyName(policy.fullName());
        }

        @Override
        public @Nullable String problem() {
            return policy.unreadable();
        }

        @Override
        public boolean isIn(Mesh mesh) {
            return mesh.policy(policy.fullName()).filter(policy::equals).isPresent();
        }

        @Override
        public void putInto(MeshChange change) {
            change.put(policy);
        }
    }

    @Override
    Value read(ByteString content, @Nullable Object held) throws UnusableException {
        try {
            return new OfPolicy(PolicyReader.read(SecurityApi.Authorization.parseFrom(content)));
        } catch (InvalidProtocolBufferException e) {
            throw new UnusableException("it isn't an Authorization: " + e.getMessage());
        }
    }

    @Override
    Value instead(Resource resource, String problem, @Nullable Object held, Mesh before) {
        return new OfPolicy(PolicyReader.unreadable(resource.getName(), problem));
    }

    @Override
    void remove(Object key, MeshChange change) {
        change.removePolicy(((PolicyName) key).fullName());
    }

    /** That a policy isn't named must never open what it closes. */
    @Override
    boolean isCompleteWithoutVersions() {
        return false;
    }
}
