package io.inpod.examples.ztunnel.mesh;

import io.inpod.examples.ztunnel.mesh.LoadBalancing.Mode;
import io.inpod.examples.ztunnel.mesh.LoadBalancing.Scope;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.pcollections.HashTreePMap;
import org.pcollections.PMap;
import org.pcollections.PVector;
import org.pcollections.TreePVector;

/**
 * The endpoints of a service with many, grouped by what its clients prefer, so that one is chosen without looking at the others. Only those
 * that are healthy, where the service requires that, and have capacity. Immutable; a changed endpoint costs the logarithm of their number.
 */
public final class EndpointGroups {
    /** A service with fewer endpoints has no groups: looking at all of them costs as little. */
    static final int LEAST = 32;

    private final Service service;
    private final PMap<String, Member> members;
    private final PMap<Common, Group> groups;

    /** An endpoint, and its workload. */
    public record Member(Endpoint endpoint, Workload workload) {}

    /**
     * What endpoints have in common: the first values of the service's preferences. Where the network comes first, endpoints of all
     * networks are compared without it, too.
     */
    private record Common(boolean ofAllNetworks, List<String> values) {
        /** Copies the list. */
        Common {
            values = List.copyOf(values);
        }
    }

    private EndpointGroups(Service service, PMap<String, Member> members, PMap<Common, Group> groups) {
        this.service = service;
        this.members = members;
        this.groups = groups;
    }

    /** Groups all endpoints of a service that workloads name. */
    static EndpointGroups of(Service service, Map<String, Endpoint> endpoints, Map<String, Workload> workloads) {
        EndpointGroups groups = new EndpointGroups(service, HashTreePMap.empty(), HashTreePMap.empty());
        for (String uid : endpoints.keySet()) {
            groups = groups.with(uid, endpoints, workloads);
        }
        return groups;
    }

    boolean isOf(Service other) {
        return service.equals(other);
    }

    /** Replaces an endpoint by what there is now, if anything. */
    EndpointGroups with(String uid, Map<String, Endpoint> endpoints, Map<String, Workload> workloads) {
        EndpointGroups others = without(uid);
        Endpoint endpoint = endpoints.get(uid);
        Workload workload = workloads.get(uid);
        if (endpoint == null || workload == null || workload.capacity() == 0
                || !(endpoint.healthy() && workload.healthy() || service.loadBalancing().unhealthyToo())) {
            return others;
        }
        Member member = new Member(endpoint, workload);
        PMap<Common, Group> changed = others.groups;
        for (Common common : commons(workload)) {
            changed = changed.plus(common, changed.getOrDefault(common, Group.EMPTY).with(member));
        }
        return new EndpointGroups(service, others.members.plus(uid, member), changed);
    }

    private EndpointGroups without(String uid) {
        Member member = members.get(uid);
        if (member == null) {
            return this;
        }
        PMap<Common, Group> changed = groups;
        for (Common common : commons(member.workload())) {
            Group rest = Objects.requireNonNull(changed.get(common)).without(member);
            changed = rest.rows.isEmpty() ? changed.minus(common) : changed.plus(common, rest);
        }
        return new EndpointGroups(service, members.minus(uid), changed);
    }

    /**
     * Returns the endpoints that a client prefers, those that have the most in common with it.
     *
     * @param client the client
     * @return the endpoints; null if there is none that it may use
     */
    public @Nullable Group preferredBy(Workload client) {
        for (Common common : commons(client)) {
            Group group = groups.get(common);
            if (group != null) {
                return group;
            }
        }
        return null;
    }

    /** What a client prefers, the most first; and so the groups to which an endpoint belongs. */
    private List<Common> commons(Workload workload) {
        LoadBalancing balancing = service.loadBalancing();
        List<Scope> scopes = balancing.mode() == Mode.STANDARD ? List.of() : balancing.preferences();
        List<String> values = scopes.stream().map(scope -> scope.of(workload)).toList();
        if (balancing.mode() == Mode.STRICT) {
            return List.of(new Common(false, values));
        }
        boolean networkFirst = !scopes.isEmpty() && scopes.get(0) == Scope.NETWORK;
        List<Common> commons = new ArrayList<>();
        for (int length = values.size(); length >= (networkFirst ? 1 : 0); length--) {
            commons.add(new Common(false, values.subList(0, length)));
        }
        for (int length = values.size(); length >= 1 && networkFirst; length--) {
            commons.add(new Common(true, values.subList(1, length)));
        }
        return commons;
    }

    /** Endpoints that are alike for a client. Those with the same capacity are in a row. */
    public static final class Group {
        private static final Group EMPTY = new Group(0, HashTreePMap.empty());

        private final long capacity;
        private final PMap<Long, Row> rows;

        private Group(long capacity, PMap<Long, Row> rows) {
            this.capacity = capacity;
            this.rows = rows;
        }

        private record Row(PVector<Member> members, PMap<String, Integer> places) {
            static final Row EMPTY = new Row(TreePVector.empty(), HashTreePMap.empty());

            Row with(Member member) {
                return new Row(members.plus(member), places.plus(member.workload().uid(), members.size()));
            }

            /** The last one takes its place. */
            Row without(Member member) {
                String uid = member.workload().uid();
                int place = Objects.requireNonNull(places.get(uid));
                int end = members.size() - 1;
                Member last = members.get(end);
                return place == end ? new Row(members.minus(end), places.minus(uid))
                        : new Row(members.with(place, last).minus(end), places.minus(uid).plus(last.workload().uid(), place));
            }
        }

        private Group with(Member member) {
            long share = LoadBalancing.share(member.workload().capacity());
            return new Group(capacity + share, rows.plus(share, rows.getOrDefault(share, Row.EMPTY).with(member)));
        }

        private Group without(Member member) {
            long share = LoadBalancing.share(member.workload().capacity());
            Row rest = Objects.requireNonNull(rows.get(share)).without(member);
            return new Group(capacity - share, rest.members().isEmpty() ? rows.minus(share) : rows.plus(share, rest));
        }

        /** {@return the sum of their capacities, at least 1} */
        public long capacity() {
            return capacity;
        }

        /**
         * Returns one of them, each for as many numbers as its capacity.
         *
         * @param at a number from 0 to the sum of their capacities - 1
         * @return the endpoint
         */
        public Member at(long at) {
            long rest = at;
            for (Map.Entry<Long, Row> row : rows.entrySet()) {
                long share = row.getKey();
                long all = share * row.getValue().members().size();
                if (rest < all) {
                    return row.getValue().members().get((int) (rest / share));
                }
                rest -= all;
            }
            throw new IllegalStateException("the random number " + at + " is out of range");
        }
    }
}
