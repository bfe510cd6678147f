import { infiniteQueryOptions, queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import { endless } from '@/components/endless'
import { api, call, idempotencyKey, type Schemas } from '@/lib/api'

export type Webhook = Schemas['Webhook']
export type Delivery = Schemas['Delivery']
export type WebhookEvent = Webhook['events'][number]

export const EVENTS: readonly WebhookEvent[] = [
  'batch.ended',
  'batch.waiting',
  'job.ended',
  'job.waiting',
  'budget.warned',
  'budget.exceeded',
]

export const webhooksQuery = queryOptions({
  queryKey: ['webhooks'],
  queryFn: async () => (await call(api.GET('/webhooks'))).items,
})

export function deliveriesQuery(id: string, status: Delivery['status'] | undefined) {
  return infiniteQueryOptions({
    queryKey: ['webhooks', id, 'deliveries', status ?? null],
    queryFn: ({ pageParam }) =>
      call(
        api.GET('/webhooks/{webhook_id}/deliveries', {
          params: { path: { webhook_id: id }, query: { status, cursor: pageParam, limit: 50 } },
        }),
      ),
    ...endless,
    refetchInterval: 10_000,
  })
}

export function useWebhookCommands() {
  const client = useQueryClient()
  const onSuccess = () => client.invalidateQueries({ queryKey: ['webhooks'] })
  const at = (id: string) => ({ path: { webhook_id: id } })
  return {
    create: useMutation({
      mutationFn: (body: Schemas['NewWebhook']) =>
        call(api.POST('/webhooks', { body, params: { header: idempotencyKey() } })),
      onSuccess,
    }),
    change: useMutation({
      mutationFn: ({ id, body }: { id: string; body: Schemas['WebhookChange'] }) =>
        call(api.PATCH('/webhooks/{webhook_id}', { params: at(id), body })),
      onSuccess,
    }),
    remove: useMutation({
      mutationFn: (id: string) => call(api.DELETE('/webhooks/{webhook_id}', { params: at(id) })),
      onSuccess,
    }),
    test: useMutation({
      mutationFn: (id: string) => call(api.POST('/webhooks/{webhook_id}/test', { params: at(id) })),
      onSuccess,
    }),
    rotate: useMutation({
      mutationFn: (id: string) => call(api.POST('/webhooks/{webhook_id}/secret', { params: at(id) })),
    }),
    redeliverDead: useMutation({
      mutationFn: (id: string) => call(api.POST('/webhooks/{webhook_id}/redeliver', { params: at(id) })),
      onSuccess,
    }),
    redeliver: useMutation({
      mutationFn: ({ id, deliveryId }: { id: string; deliveryId: string }) =>
        call(
          api.POST('/webhooks/{webhook_id}/deliveries/{delivery_id}/redeliver', {
            params: { path: { webhook_id: id, delivery_id: deliveryId } },
          }),
        ),
      onSuccess,
    }),
  }
}
