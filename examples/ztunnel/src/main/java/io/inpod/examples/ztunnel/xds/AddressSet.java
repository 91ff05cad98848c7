package io.inpod.examples.ztunnel.xds;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import io.inpod.examples.istio.DiscoveryApi.Resource;
import io.inpod.examples.istio.WorkloadApi;
import io.inpod.examples.ztunnel.config.ProxyConfig;
import io.inpod.examples.ztunnel.mesh.Mesh;
import io.inpod.examples.ztunnel.mesh.MeshChange;
import io.inpod.examples.ztunnel.mesh.Service;
import io.inpod.examples.ztunnel.mesh.ServiceName;
import io.inpod.examples.ztunnel.mesh.Workload;
import org.jspecify.annotations.Nullable;

/** Workloads and services. */
final class AddressSet extends ResourceSet {
    static final String TYPE = "type.googleapis.com/istio.workload.Address";

    private final WorkloadReader workloads;
    private final ServiceReader services;
    private final boolean all;

    /** Creates an empty set, of all there are or of those that are asked for. */
    AddressSet(ProxyConfig defaults, SharedValues shared, boolean all) {
        super(TYPE);
        this.all = all;
        workloads = new WorkloadReader(defaults, shared);
        services = new ServiceReader(shared);
    }

    private record OfWorkload(Workload workload) implements Value {
        @Override
        public Object key() {
            return workload.uid();
        }

        @Override
        public boolean isIn(Mesh mesh) {
            return mesh.workload(workload.uid()).filter(workload::equals).isPresent();
        }

        @Override
        public void putInto(MeshChange change) {
            change.put(workload);
        }
    }

    private record OfService(Service service) implements Value {
        @Override
        public Object key() {
            return service.hostname();
        }

        @Override
        public boolean isIn(Mesh mesh) {
            return mesh.service(service.hostname()).filter(service::equals).isPresent();
        }

        @Override
        public void putInto(MeshChange change) {
            change.put(service);
        }
    }

    @Override
    Value read(String name, ByteString content) throws UnusableException {
        try {
            WorkloadApi.Address address = WorkloadApi.Address.parseFrom(content);
            return switch (address.getTypeCase()) {
                case WORKLOAD -> new OfWorkload(workloads.read(address.getWorkload()));
                case SERVICE -> new OfService(services.read(address.getService()));
                case TYPE_NOT_SET -> throw new UnusableException("it is neither a workload nor a service");
            };
        } catch (InvalidProtocolBufferException e) {
            throw new UnusableException("it isn't an Address: " + e.getMessage());
        }
    }

    /** The earlier version if it protects no less, or else what lets no connection pass. Without either, plaintext would go there. */
    @Override
    @Nullable
    Value instead(Resource resource, String problem, @Nullable Object held, Mesh before) {
        if (!resource.getResource().getTypeUrl().equals(TYPE)) {
            return null;
        }
        try {
            WorkloadApi.Address address = WorkloadApi.Address.parseFrom(resource.getResource().getValue());
            if (address.hasWorkload() && !address.getWorkload().getUid().isEmpty()) {
                Workload earlier = held instanceof String uid ? before.workload(uid).orElse(null) : null;
                return Earlier.suffices(earlier, address.getWorkload()) ? null : new OfWorkload(StandIns.of(address.getWorkload()));
            }
            Service earlier = held instanceof ServiceName service ? before.service(service).orElse(null) : null;
            return !address.hasService() || Earlier.suffices(earlier, address.getService()) ? null
                    : new OfService(StandIns.of(address.getService()));
        } catch (InvalidProtocolBufferException e) {
            return null;
        }
    }

    @Override
    void remove(Object key, MeshChange change) {
        if (key instanceof ServiceName service) {
            change.removeService(service);
        } else {
            change.removeWorkload((String) key);
        }
    }

    @Override
    boolean isCompleteWithoutVersions() {
        return all;
    }
}
