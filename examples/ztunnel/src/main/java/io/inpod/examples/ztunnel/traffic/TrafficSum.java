package io.inpod.examples.ztunnel.traffic;

/**
 * What connections of one kind have added up to since they are counted.
 *
 * @param key the kind
 * @param opened how many were begun
 * @param failed how many of them have failed
 * @param fromClient how many bytes the clients have sent
 * @param toClient how many bytes the clients were sent
 */
public record TrafficSum(TrafficKey key, long opened, long failed, long fromClient, long toClient) {}
