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
    Value read(ByteString content, @Nullable Object held) throws UnusableException {
        try {
            WorkloadApi.Address address = WorkloadApi.Address.parseFrom(content);
            return switch (address.getTypeCase()) {
                case WORKLOAD -> new OfWorkload(workloads.read(address.getWorkload(), held));
                case SERVICE -> new OfService(services.read(address.getService()));
                case TYPE_NOT_SET -> throw new UnusableException("it is neither a workload nor a service");
            };
        } catch (InvalidProtocolBufferException e) {
            throw new UnusableException("it isn't an Address: " + e.getMessage());
        }
    }

    /** The earlier version if it is known to protect no less, or else what lets no connection pass: plaintext would go there without. */
    @Override
    @Nullable
    Value instead(Resource resource, String problem, @Nullable Object held, Mesh before) {
        Workload workload = held instanceof String uid ? before.workload(uid).orElse(null) : null;
        Service service = held instanceof ServiceName name ? before.service(name).orElse(null) : null;
        WorkloadApi.Address address = parsed(resource);
        if (address.hasWorkload() && !address.getWorkload().getUid().isEmpty()) {
            return Earlier.suffices(workload, address.getWorkload()) ? null : new OfWorkload(StandIns.of(address.getWorkload()));
        }
        if (address.hasService() && !address.getService().getHostname().isEmpty()) {
            return Earlier.suffices(service, address.getService()) ? null : new OfService(StandIns.of(address.getService()));
        }
        // what is meant isn't known, so the earlier version may be one that protects less
        return workload != null ? new OfWorkload(StandIns.of(workload)) : service != null ? new OfService(StandIns.of(service)) : null;
    }

    /** Returns an empty one if it can't be read. */
    private static WorkloadApi.Address parsed(Resource resource) {
        try {
            return resource.getResource().getTypeUrl().equals(TYPE) ? WorkloadApi.Address.parseFrom(resource.getResource().getValue())
                    : WorkloadApi.Address.getDefaultInstance();
        } catch (InvalidProtocolBufferException e) {
            return WorkloadApi.Address.getDefaultInstance();
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
