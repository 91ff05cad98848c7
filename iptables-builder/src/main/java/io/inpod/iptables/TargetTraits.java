package io.inpod.iptables;

/**
 * The requirements of a kind of target on its rule, see iptables-extensions(8) and the checkentry functions of the kernel's modules.
 *
 * @param tables the tables in which the kernel supports it, one bit each
 * @param hooks the hooks in which the kernel supports it, one bit each
 * @param need the condition that the rule must have
 */
record TargetTraits(int tables, int hooks, Need need) {
    /** The condition that a rule must have. */
    enum Need { NOTHING, PORTS, TCP, SYN }

    private static final int NAT = HookCheck.bit(TableName.NAT);
    private static final int MANGLE = HookCheck.bit(TableName.MANGLE);
    private static final int RAW = HookCheck.bit(TableName.RAW);
    private static final int FILTER = HookCheck.bit(TableName.FILTER);
    private static final int REDIRECTING = HookCheck.bit(Hook.PREROUTING) | HookCheck.bit(Hook.OUTPUT);
    private static final int REWRITING = HookCheck.bit(Hook.INPUT) | HookCheck.bit(Hook.POSTROUTING);

    private static final TargetTraits ANYWHERE = new TargetTraits(HookCheck.EVERYWHERE, HookCheck.EVERYWHERE, Need.NOTHING);
    private static final TargetTraits DROP = new TargetTraits(~NAT, HookCheck.EVERYWHERE, Need.NOTHING);
    private static final TargetTraits REJECT = new TargetTraits(FILTER, HookCheck.EVERYWHERE, Need.NOTHING);
    private static final TargetTraits RESET = new TargetTraits(FILTER, HookCheck.EVERYWHERE, Need.TCP);
    private static final TargetTraits DNAT = new TargetTraits(NAT, REDIRECTING, Need.NOTHING);
    private static final TargetTraits DNAT_PORTS = new TargetTraits(NAT, REDIRECTING, Need.PORTS);
    private static final TargetTraits SNAT = new TargetTraits(NAT, REWRITING, Need.NOTHING);
    private static final TargetTraits SNAT_PORTS = new TargetTraits(NAT, REWRITING, Need.PORTS);
    private static final TargetTraits MASQUERADE = new TargetTraits(NAT, HookCheck.bit(Hook.POSTROUTING), Need.NOTHING);
    private static final TargetTraits MASQUERADE_PORTS = new TargetTraits(NAT, HookCheck.bit(Hook.POSTROUTING), Need.PORTS);
    private static final TargetTraits TPROXY = new TargetTraits(MANGLE, HookCheck.bit(Hook.PREROUTING), Need.PORTS);
    private static final TargetTraits COPY_MARK = new TargetTraits(MANGLE, HookCheck.EVERYWHERE, Need.NOTHING);
    private static final TargetTraits SET_MSS = new TargetTraits(MANGLE, HookCheck.EVERYWHERE, Need.SYN);
    private static final TargetTraits CLAMP_MSS = new TargetTraits(MANGLE, HookCheck.SENDING | HookCheck.bit(Hook.FORWARD), Need.SYN);
    private static final TargetTraits TRACKING = new TargetTraits(RAW, HookCheck.EVERYWHERE, Need.NOTHING);

    private static final TargetVisitor<TargetTraits> BY_KIND = new ByKind();

    static TargetTraits of(Target target) {
        return target.accept(BY_KIND);
    }

    private static final class ByKind implements TargetVisitor<TargetTraits> {
        @Override
        public TargetTraits visit(Target.Accept target) {
            return ANYWHERE;
        }

        @Override
        public TargetTraits visit(Target.Drop target) {
            return DROP;
        }

        @Override
        public TargetTraits visit(Target.Return target) {
            return ANYWHERE;
        }

        @Override
        public TargetTraits visit(Target.Reject target) {
            return target.with() == RejectWith.TCP_RESET ? RESET : REJECT;
        }

        @Override
        public TargetTraits visit(Target.Jump target) {
            return ANYWHERE;
        }

        @Override
        public TargetTraits visit(Target.Goto target) {
            return ANYWHERE;
        }

        @Override
        public TargetTraits visit(Target.Raw target) {
            return ANYWHERE;
        }

        @Override
        public TargetTraits visit(Target.Redirect target) {
            return DNAT_PORTS;
        }

        @Override
        public TargetTraits visit(Target.Dnat target) {
            return target.ports().isPresent() ? DNAT_PORTS : DNAT;
        }

        @Override
        public TargetTraits visit(Target.Snat target) {
            return target.ports().isPresent() ? SNAT_PORTS : SNAT;
        }

        @Override
        public TargetTraits visit(Target.Masquerade target) {
            return target.ports().isPresent() ? MASQUERADE_PORTS : MASQUERADE;
        }

        @Override
        public TargetTraits visit(Target.Tproxy target) {
            return TPROXY;
        }

        @Override
        public TargetTraits visit(Target.SetMark target) {
            return ANYWHERE;
        }

        @Override
        public TargetTraits visit(Target.SetConnmark target) {
            return ANYWHERE;
        }

        @Override
        public TargetTraits visit(Target.RestoreConnmark target) {
            return COPY_MARK;
        }

        @Override
        public TargetTraits visit(Target.SaveConnmark target) {
            return COPY_MARK;
        }

        @Override
        public TargetTraits visit(Target.ConntrackZone target) {
            return TRACKING;
        }

        @Override
        public TargetTraits visit(Target.NoTrack target) {
            return TRACKING;
        }

        @Override
        public TargetTraits visit(Target.Log target) {
            return ANYWHERE;
        }

        @Override
        public TargetTraits visit(Target.Nflog target) {
            return ANYWHERE;
        }

        @Override
        public TargetTraits visit(Target.Nfqueue target) {
            return ANYWHERE;
        }

        @Override
        public TargetTraits visit(Target.SetTcpMss target) {
            return SET_MSS;
        }

        @Override
        public TargetTraits visit(Target.ClampTcpMss target) {
            return CLAMP_MSS;
        }
    }
}
