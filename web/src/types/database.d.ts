
export type Json = string | number | boolean | null | { [key: string]: Json | undefined } | Json[]

export type Database = {
  
  "public": {
          Tables: {
            "analytics": {
                  Row: {
                    "avg_watch_time": number,"created_at": string,"date": string,"id": string,"metrics_data": NonNullable<Json>,"project_id": string,"tenant_id": string,"top_platform": string | null,"total_engagement": number,"total_views": number
                  }
                  ComputedFields: never
                  Insert: {
                    "avg_watch_time"?: number,"created_at"?: string,"date": string,"id"?: string,"metrics_data"?: NonNullable<Json>,"project_id": string,"tenant_id": string,"top_platform"?: string | null,"total_engagement"?: number,"total_views"?: number
                  }
                  Update: {
                    "avg_watch_time"?: number,"created_at"?: string,"date"?: string,"id"?: string,"metrics_data"?: NonNullable<Json>,"project_id"?: string,"tenant_id"?: string,"top_platform"?: string | null,"total_engagement"?: number,"total_views"?: number
                  }
                  Relationships: [
                    {
      foreignKeyName: "analytics_tenant_id_project_id_fkey"
      columns: ["tenant_id","project_id"]
isOneToOne: false
      referencedRelation: "projects"
      referencedColumns: ["tenant_id","id"]
    },{
      foreignKeyName: "analytics_top_platform_fkey"
      columns: ["top_platform"]
isOneToOne: false
      referencedRelation: "platforms"
      referencedColumns: ["platform"]
    }
                  ]
                },"artifacts": {
                  Row: {
                    "attempt_id": string,"checked_at": string | null,"condemned_at": string | null,"content_key": string,"created_at": string,"damaged_at": string | null,"facts": Json | null,"files": NonNullable<Json>,"job_id": string,"last_used_at": string,"ready_at": string | null,"reuse_count": number,"size_bytes": number,"stage": string,"stage_version": string,"status": string,"task_id": string,"tenant_id": string
                  }
                  ComputedFields: never
                  Insert: {
                    "attempt_id": string,"checked_at"?: string | null,"condemned_at"?: string | null,"content_key": string,"created_at"?: string,"damaged_at"?: string | null,"facts"?: Json | null,"files"?: NonNullable<Json>,"job_id": string,"last_used_at"?: string,"ready_at"?: string | null,"reuse_count"?: number,"size_bytes"?: number,"stage": string,"stage_version": string,"status"?: string,"task_id": string,"tenant_id": string
                  }
                  Update: {
                    "attempt_id"?: string,"checked_at"?: string | null,"condemned_at"?: string | null,"content_key"?: string,"created_at"?: string,"damaged_at"?: string | null,"facts"?: Json | null,"files"?: NonNullable<Json>,"job_id"?: string,"last_used_at"?: string,"ready_at"?: string | null,"reuse_count"?: number,"size_bytes"?: number,"stage"?: string,"stage_version"?: string,"status"?: string,"task_id"?: string,"tenant_id"?: string
                  }
                  Relationships: [
                    {
      foreignKeyName: "artifacts_tenant_id_fkey"
      columns: ["tenant_id"]
isOneToOne: false
      referencedRelation: "tenants"
      referencedColumns: ["id"]
    }
                  ]
                },"asset_access": {
                  Row: {
                    "action": string,"content_id": string,"created_at": string,"expires_at": string | null,"id": string,"path": string,"tenant_id": string,"user_id": string | null
                  }
                  ComputedFields: never
                  Insert: {
                    "action": string,"content_id": string,"created_at"?: string,"expires_at"?: string | null,"id"?: string,"path": string,"tenant_id": string,"user_id"?: string | null
                  }
                  Update: {
                    "action"?: string,"content_id"?: string,"created_at"?: string,"expires_at"?: string | null,"id"?: string,"path"?: string,"tenant_id"?: string,"user_id"?: string | null
                  }
                  Relationships: [
                    {
      foreignKeyName: "asset_access_tenant_id_fkey"
      columns: ["tenant_id"]
isOneToOne: false
      referencedRelation: "tenants"
      referencedColumns: ["id"]
    }
                  ]
                },"audit_events": {
                  Row: {
                    "action": string,"after": NonNullable<Json>,"before": NonNullable<Json>,"created_at": string,"door": string,"entity": string,"entity_id": string | null,"id": string,"role": string,"tenant_id": string | null,"user_id": string | null
                  }
                  ComputedFields: never
                  Insert: {
                    "action": string,"after"?: NonNullable<Json>,"before"?: NonNullable<Json>,"created_at"?: string,"door": string,"entity": string,"entity_id"?: string | null,"id"?: string,"role": string,"tenant_id"?: string | null,"user_id"?: string | null
                  }
                  Update: {
                    "action"?: string,"after"?: NonNullable<Json>,"before"?: NonNullable<Json>,"created_at"?: string,"door"?: string,"entity"?: string,"entity_id"?: string | null,"id"?: string,"role"?: string,"tenant_id"?: string | null,"user_id"?: string | null
                  }
                  Relationships: [
                    
                  ]
                },"batch_dependencies": {
                  Row: {
                    "batch_id": string,"created_at": string,"id": string,"is_due": boolean,"needs_batch_id": string | null,"needs_job_id": string | null,"outcome": string | null,"tenant_id": string
                  }
                  ComputedFields: never
                  Insert: {
                    "batch_id": string,"created_at"?: string,"id"?: string,"is_due"?: boolean,"needs_batch_id"?: string | null,"needs_job_id"?: string | null,"outcome"?: string | null,"tenant_id": string
                  }
                  Update: {
                    "batch_id"?: string,"created_at"?: string,"id"?: string,"is_due"?: boolean,"needs_batch_id"?: string | null,"needs_job_id"?: string | null,"outcome"?: string | null,"tenant_id"?: string
                  }
                  Relationships: [
                    {
      foreignKeyName: "batch_dependencies_tenant_id_batch_id_fkey"
      columns: ["tenant_id","batch_id"]
isOneToOne: false
      referencedRelation: "batches"
      referencedColumns: ["tenant_id","id"]
    }
                  ]
                },"batches": {
                  Row: {
                    "blocked_at": string | null,"blocked_reason": string | null,"cancelled_count": number,"completed_at": string | null,"completed_count": number,"created_at": string,"created_by": string | null,"deadline": string | null,"deleted_at": string | null,"failed_count": number,"id": string,"is_filling": boolean,"is_late": boolean,"job_count": number,"max_concurrent_tasks": number | null,"number": number,"options": NonNullable<Json>,"paused_at": string | null,"paused_by": string | null,"pending_count": number,"processing_count": number,"progress": number,"progress_sum": number,"project_id": string,"started_at": string | null,"starts_at": string | null,"status": string,"tenant_id": string,"title": string,"updated_at": string,"version": number,"waiting_at": string | null
                  }
                  ComputedFields: never
                  Insert: {
                    "blocked_at"?: string | null,"blocked_reason"?: string | null,"cancelled_count"?: number,"completed_at"?: string | null,"completed_count"?: number,"created_at"?: string,"created_by"?: string | null,"deadline"?: string | null,"deleted_at"?: string | null,"failed_count"?: number,"id"?: string,"is_filling"?: boolean,"is_late"?: boolean,"job_count"?: number,"max_concurrent_tasks"?: number | null,"number": number,"options"?: NonNullable<Json>,"paused_at"?: string | null,"paused_by"?: string | null,"pending_count"?: number,"processing_count"?: number,"progress"?: never,"progress_sum"?: number,"project_id": string,"started_at"?: string | null,"starts_at"?: string | null,"status"?: string,"tenant_id": string,"title"?: string,"updated_at"?: string,"version"?: number,"waiting_at"?: string | null
                  }
                  Update: {
                    "blocked_at"?: string | null,"blocked_reason"?: string | null,"cancelled_count"?: number,"completed_at"?: string | null,"completed_count"?: number,"created_at"?: string,"created_by"?: string | null,"deadline"?: string | null,"deleted_at"?: string | null,"failed_count"?: number,"id"?: string,"is_filling"?: boolean,"is_late"?: boolean,"job_count"?: number,"max_concurrent_tasks"?: number | null,"number"?: number,"options"?: NonNullable<Json>,"paused_at"?: string | null,"paused_by"?: string | null,"pending_count"?: number,"processing_count"?: number,"progress"?: never,"progress_sum"?: number,"project_id"?: string,"started_at"?: string | null,"starts_at"?: string | null,"status"?: string,"tenant_id"?: string,"title"?: string,"updated_at"?: string,"version"?: number,"waiting_at"?: string | null
                  }
                  Relationships: [
                    {
      foreignKeyName: "batches_tenant_id_project_id_fkey"
      columns: ["tenant_id","project_id"]
isOneToOne: false
      referencedRelation: "projects"
      referencedColumns: ["tenant_id","id"]
    }
                  ]
                },"brands": {
                  Row: {
                    "colours": Json | null,"font": string | null,"id": string,"logo": Json | null,"logo_corner": string,"logo_size": string,"project_id": string | null,"tenant_id": string,"updated_at": string
                  }
                  ComputedFields: never
                  Insert: {
                    "colours"?: Json | null,"font"?: string | null,"id"?: string,"logo"?: Json | null,"logo_corner"?: string,"logo_size"?: string,"project_id"?: string | null,"tenant_id": string,"updated_at"?: string
                  }
                  Update: {
                    "colours"?: Json | null,"font"?: string | null,"id"?: string,"logo"?: Json | null,"logo_corner"?: string,"logo_size"?: string,"project_id"?: string | null,"tenant_id"?: string,"updated_at"?: string
                  }
                  Relationships: [
                    {
      foreignKeyName: "brands_tenant_id_fkey"
      columns: ["tenant_id"]
isOneToOne: false
      referencedRelation: "tenants"
      referencedColumns: ["id"]
    },{
      foreignKeyName: "brands_tenant_id_project_id_fkey"
      columns: ["tenant_id","project_id"]
isOneToOne: true
      referencedRelation: "projects"
      referencedColumns: ["tenant_id","id"]
    }
                  ]
                },"budget_events": {
                  Row: {
                    "amount": number,"batch_id": string | null,"created_at": string,"currency": string,"event": string,"id": string,"period": string,"project_id": string | null,"scope": string,"scope_id": string,"spent": number,"tenant_id": string,"user_id": string | null
                  }
                  ComputedFields: never
                  Insert: {
                    "amount": number,"batch_id"?: string | null,"created_at"?: string,"currency": string,"event": string,"id"?: string,"period": string,"project_id"?: string | null,"scope"?: never,"scope_id"?: never,"spent": number,"tenant_id": string,"user_id"?: string | null
                  }
                  Update: {
                    "amount"?: number,"batch_id"?: string | null,"created_at"?: string,"currency"?: string,"event"?: string,"id"?: string,"period"?: string,"project_id"?: string | null,"scope"?: never,"scope_id"?: never,"spent"?: number,"tenant_id"?: string,"user_id"?: string | null
                  }
                  Relationships: [
                    {
      foreignKeyName: "budget_events_tenant_id_batch_id_fkey"
      columns: ["tenant_id","batch_id"]
isOneToOne: false
      referencedRelation: "batches"
      referencedColumns: ["tenant_id","id"]
    },{
      foreignKeyName: "budget_events_tenant_id_fkey"
      columns: ["tenant_id"]
isOneToOne: false
      referencedRelation: "tenants"
      referencedColumns: ["id"]
    },{
      foreignKeyName: "budget_events_tenant_id_project_id_fkey"
      columns: ["tenant_id","project_id"]
isOneToOne: false
      referencedRelation: "projects"
      referencedColumns: ["tenant_id","id"]
    }
                  ]
                },"budgets": {
                  Row: {
                    "amount": number,"batch_id": string | null,"created_at": string,"currency": string,"exceeded_at": string | null,"id": string,"period": string,"project_id": string | null,"scope": string,"scope_id": string,"tenant_id": string,"updated_at": string,"warned_at": string | null
                  }
                  ComputedFields: never
                  Insert: {
                    "amount": number,"batch_id"?: string | null,"created_at"?: string,"currency": string,"exceeded_at"?: string | null,"id"?: string,"period": string,"project_id"?: string | null,"scope"?: never,"scope_id"?: never,"tenant_id": string,"updated_at"?: string,"warned_at"?: string | null
                  }
                  Update: {
                    "amount"?: number,"batch_id"?: string | null,"created_at"?: string,"currency"?: string,"exceeded_at"?: string | null,"id"?: string,"period"?: string,"project_id"?: string | null,"scope"?: never,"scope_id"?: never,"tenant_id"?: string,"updated_at"?: string,"warned_at"?: string | null
                  }
                  Relationships: [
                    {
      foreignKeyName: "budgets_tenant_id_batch_id_fkey"
      columns: ["tenant_id","batch_id"]
isOneToOne: false
      referencedRelation: "batches"
      referencedColumns: ["tenant_id","id"]
    },{
      foreignKeyName: "budgets_tenant_id_fkey"
      columns: ["tenant_id"]
isOneToOne: false
      referencedRelation: "tenants"
      referencedColumns: ["id"]
    },{
      foreignKeyName: "budgets_tenant_id_project_id_fkey"
      columns: ["tenant_id","project_id"]
isOneToOne: false
      referencedRelation: "projects"
      referencedColumns: ["tenant_id","id"]
    }
                  ]
                },"content_library": {
                  Row: {
                    "created_at": string,"generic_tags": NonNullable<Json>,"id": string,"last_used": string | null,"latest_version": number,"library_category": string,"performance_score": number,"preview_text": string,"scene_id": string,"specific_tags": NonNullable<Json>,"tenant_id": string,"updated_at": string,"usage_count": number,"version": number
                  }
                  ComputedFields: never
                  Insert: {
                    "created_at"?: string,"generic_tags"?: NonNullable<Json>,"id"?: string,"last_used"?: string | null,"latest_version"?: number,"library_category"?: string,"performance_score"?: number,"preview_text"?: string,"scene_id": string,"specific_tags"?: NonNullable<Json>,"tenant_id"?: string,"updated_at"?: string,"usage_count"?: number,"version"?: number
                  }
                  Update: {
                    "created_at"?: string,"generic_tags"?: NonNullable<Json>,"id"?: string,"last_used"?: string | null,"latest_version"?: number,"library_category"?: string,"performance_score"?: number,"preview_text"?: string,"scene_id"?: string,"specific_tags"?: NonNullable<Json>,"tenant_id"?: string,"updated_at"?: string,"usage_count"?: number,"version"?: number
                  }
                  Relationships: [
                    {
      foreignKeyName: "content_library_tenant_id_scene_id_fkey"
      columns: ["tenant_id","scene_id"]
isOneToOne: true
      referencedRelation: "scenes"
      referencedColumns: ["tenant_id","id"]
    }
                  ]
                },"cost_totals": {
                  Row: {
                    "amount": number,"batch_id": string | null,"call_count": number,"characters": number,"currency": string,"input_tokens": number,"month": string,"output_tokens": number,"project_id": string | null,"scope_id": string,"seconds": number,"task_count": number,"tenant_id": string,"updated_at": string
                  }
                  ComputedFields: never
                  Insert: {
                    "amount"?: number,"batch_id"?: string | null,"call_count"?: number,"characters"?: number,"currency": string,"input_tokens"?: number,"month": string,"output_tokens"?: number,"project_id"?: string | null,"scope_id"?: never,"seconds"?: number,"task_count"?: number,"tenant_id": string,"updated_at"?: string
                  }
                  Update: {
                    "amount"?: number,"batch_id"?: string | null,"call_count"?: number,"characters"?: number,"currency"?: string,"input_tokens"?: number,"month"?: string,"output_tokens"?: number,"project_id"?: string | null,"scope_id"?: never,"seconds"?: number,"task_count"?: number,"tenant_id"?: string,"updated_at"?: string
                  }
                  Relationships: [
                    {
      foreignKeyName: "cost_totals_tenant_id_batch_id_fkey"
      columns: ["tenant_id","batch_id"]
isOneToOne: false
      referencedRelation: "batches"
      referencedColumns: ["tenant_id","id"]
    },{
      foreignKeyName: "cost_totals_tenant_id_fkey"
      columns: ["tenant_id"]
isOneToOne: false
      referencedRelation: "tenants"
      referencedColumns: ["id"]
    },{
      foreignKeyName: "cost_totals_tenant_id_project_id_fkey"
      columns: ["tenant_id","project_id"]
isOneToOne: false
      referencedRelation: "projects"
      referencedColumns: ["tenant_id","id"]
    }
                  ]
                },"discarded_letters": {
                  Row: {
                    "discarded_at": string,"discarded_by": string | null,"failed_at": string,"job_id": string,"reason": string,"task_id": string,"tenant_id": string
                  }
                  ComputedFields: never
                  Insert: {
                    "discarded_at"?: string,"discarded_by"?: string | null,"failed_at": string,"job_id": string,"reason": string,"task_id": string,"tenant_id": string
                  }
                  Update: {
                    "discarded_at"?: string,"discarded_by"?: string | null,"failed_at"?: string,"job_id"?: string,"reason"?: string,"task_id"?: string,"tenant_id"?: string
                  }
                  Relationships: [
                    {
      foreignKeyName: "discarded_letters_tenant_id_job_id_fkey"
      columns: ["tenant_id","job_id"]
isOneToOne: false
      referencedRelation: "generation_jobs"
      referencedColumns: ["tenant_id","id"]
    }
                  ]
                },"feature_flags": {
                  Row: {
                    "id": string,"is_enabled": boolean,"name": string,"note": string,"tenant_id": string | null,"updated_at": string
                  }
                  ComputedFields: never
                  Insert: {
                    "id"?: string,"is_enabled"?: boolean,"name": string,"note"?: string,"tenant_id"?: string | null,"updated_at"?: string
                  }
                  Update: {
                    "id"?: string,"is_enabled"?: boolean,"name"?: string,"note"?: string,"tenant_id"?: string | null,"updated_at"?: string
                  }
                  Relationships: [
                    {
      foreignKeyName: "feature_flags_tenant_id_fkey"
      columns: ["tenant_id"]
isOneToOne: false
      referencedRelation: "tenants"
      referencedColumns: ["id"]
    }
                  ]
                },"generated_content": {
                  Row: {
                    "content_type": string,"created_at": string,"duration": number | null,"duration_ms": number | null,"file_name": string,"file_path": string,"file_size": number,"format": string | null,"generation_metadata": NonNullable<Json>,"id": string,"job_id": string | null,"platform": string,"project_id": string,"quality_score": number,"resolution": string | null,"role": string,"scene_id": string | null,"sha256": string | null,"task_id": string | null,"tenant_id": string
                  }
                  ComputedFields: never
                  Insert: {
                    "content_type": string,"created_at"?: string,"duration"?: number | null,"duration_ms"?: number | null,"file_name"?: string,"file_path": string,"file_size"?: number,"format"?: string | null,"generation_metadata"?: NonNullable<Json>,"id"?: string,"job_id"?: string | null,"platform"?: string,"project_id": string,"quality_score"?: number,"resolution"?: string | null,"role"?: string,"scene_id"?: string | null,"sha256"?: string | null,"task_id"?: string | null,"tenant_id": string
                  }
                  Update: {
                    "content_type"?: string,"created_at"?: string,"duration"?: number | null,"duration_ms"?: number | null,"file_name"?: string,"file_path"?: string,"file_size"?: number,"format"?: string | null,"generation_metadata"?: NonNullable<Json>,"id"?: string,"job_id"?: string | null,"platform"?: string,"project_id"?: string,"quality_score"?: number,"resolution"?: string | null,"role"?: string,"scene_id"?: string | null,"sha256"?: string | null,"task_id"?: string | null,"tenant_id"?: string
                  }
                  Relationships: [
                    {
      foreignKeyName: "generated_content_platform_fkey"
      columns: ["platform"]
isOneToOne: false
      referencedRelation: "platforms"
      referencedColumns: ["platform"]
    },{
      foreignKeyName: "generated_content_tenant_id_job_id_fkey"
      columns: ["tenant_id","job_id"]
isOneToOne: false
      referencedRelation: "generation_jobs"
      referencedColumns: ["tenant_id","id"]
    },{
      foreignKeyName: "generated_content_tenant_id_project_id_fkey"
      columns: ["tenant_id","project_id"]
isOneToOne: false
      referencedRelation: "projects"
      referencedColumns: ["tenant_id","id"]
    },{
      foreignKeyName: "generated_content_tenant_id_scene_id_fkey"
      columns: ["tenant_id","scene_id"]
isOneToOne: false
      referencedRelation: "scenes"
      referencedColumns: ["tenant_id","id"]
    }
                  ]
                },"generation_jobs": {
                  Row: {
                    "batch_id": string,"blocked_at": string | null,"blocked_reason": string | null,"completed_at": string | null,"created_at": string,"current_step": number,"deadline": string | null,"error_code": string | null,"error_message": string | null,"generation": number,"id": string,"is_late": boolean,"job_type": string,"lane": string,"next_step": string | null,"params": NonNullable<Json>,"pause_after": string | null,"paused_after": string | null,"paused_at": string | null,"paused_by": string | null,"platforms": (string)[],"position": number,"progress": number,"project_id": string,"result_data": Json | null,"stage": string | null,"started_at": string | null,"status": string,"tenant_id": string,"topic": string,"total_steps": number,"updated_at": string,"version": number
                  }
                  ComputedFields: never
                  Insert: {
                    "batch_id": string,"blocked_at"?: string | null,"blocked_reason"?: string | null,"completed_at"?: string | null,"created_at"?: string,"current_step"?: number,"deadline"?: string | null,"error_code"?: string | null,"error_message"?: string | null,"generation"?: number,"id"?: string,"is_late"?: boolean,"job_type"?: string,"lane"?: string,"next_step"?: string | null,"params"?: NonNullable<Json>,"pause_after"?: string | null,"paused_after"?: string | null,"paused_at"?: string | null,"paused_by"?: string | null,"platforms"?: (string)[],"position": number,"progress"?: number,"project_id": string,"result_data"?: Json | null,"stage"?: string | null,"started_at"?: string | null,"status"?: string,"tenant_id": string,"topic": string,"total_steps"?: number,"updated_at"?: string,"version"?: number
                  }
                  Update: {
                    "batch_id"?: string,"blocked_at"?: string | null,"blocked_reason"?: string | null,"completed_at"?: string | null,"created_at"?: string,"current_step"?: number,"deadline"?: string | null,"error_code"?: string | null,"error_message"?: string | null,"generation"?: number,"id"?: string,"is_late"?: boolean,"job_type"?: string,"lane"?: string,"next_step"?: string | null,"params"?: NonNullable<Json>,"pause_after"?: string | null,"paused_after"?: string | null,"paused_at"?: string | null,"paused_by"?: string | null,"platforms"?: (string)[],"position"?: number,"progress"?: number,"project_id"?: string,"result_data"?: Json | null,"stage"?: string | null,"started_at"?: string | null,"status"?: string,"tenant_id"?: string,"topic"?: string,"total_steps"?: number,"updated_at"?: string,"version"?: number
                  }
                  Relationships: [
                    {
      foreignKeyName: "generation_jobs_tenant_id_batch_id_fkey"
      columns: ["tenant_id","batch_id"]
isOneToOne: false
      referencedRelation: "batches"
      referencedColumns: ["tenant_id","id"]
    },{
      foreignKeyName: "generation_jobs_tenant_id_project_id_fkey"
      columns: ["tenant_id","project_id"]
isOneToOne: false
      referencedRelation: "projects"
      referencedColumns: ["tenant_id","id"]
    }
                  ]
                },"idempotency_keys": {
                  Row: {
                    "batch_id": string | null,"created_at": string,"key": string,"request_hash": string,"tenant_id": string
                  }
                  ComputedFields: never
                  Insert: {
                    "batch_id"?: string | null,"created_at"?: string,"key": string,"request_hash": string,"tenant_id": string
                  }
                  Update: {
                    "batch_id"?: string | null,"created_at"?: string,"key"?: string,"request_hash"?: string,"tenant_id"?: string
                  }
                  Relationships: [
                    {
      foreignKeyName: "idempotency_keys_tenant_id_batch_id_fkey"
      columns: ["tenant_id","batch_id"]
isOneToOne: false
      referencedRelation: "batches"
      referencedColumns: ["tenant_id","id"]
    },{
      foreignKeyName: "idempotency_keys_tenant_id_fkey"
      columns: ["tenant_id"]
isOneToOne: false
      referencedRelation: "tenants"
      referencedColumns: ["id"]
    }
                  ]
                },"import_columns": {
                  Row: {
                    "chosen_at": string,"field": string | null,"heading": string,"tenant_id": string
                  }
                  ComputedFields: never
                  Insert: {
                    "chosen_at"?: string,"field"?: string | null,"heading": string,"tenant_id": string
                  }
                  Update: {
                    "chosen_at"?: string,"field"?: string | null,"heading"?: string,"tenant_id"?: string
                  }
                  Relationships: [
                    {
      foreignKeyName: "import_columns_tenant_id_fkey"
      columns: ["tenant_id"]
isOneToOne: false
      referencedRelation: "tenants"
      referencedColumns: ["id"]
    }
                  ]
                },"invitations": {
                  Row: {
                    "accepted_at": string | null,"accepted_by": string | null,"analytics_scope": string,"created_at": string,"email": string,"expires_at": string,"id": string,"invited_by": string | null,"revoked_at": string | null,"role": string,"tenant_id": string
                  }
                  ComputedFields: never
                  Insert: {
                    "accepted_at"?: string | null,"accepted_by"?: string | null,"analytics_scope": string,"created_at"?: string,"email": string,"expires_at": string,"id"?: string,"invited_by"?: string | null,"revoked_at"?: string | null,"role": string,"tenant_id": string
                  }
                  Update: {
                    "accepted_at"?: string | null,"accepted_by"?: string | null,"analytics_scope"?: string,"created_at"?: string,"email"?: string,"expires_at"?: string,"id"?: string,"invited_by"?: string | null,"revoked_at"?: string | null,"role"?: string,"tenant_id"?: string
                  }
                  Relationships: [
                    {
      foreignKeyName: "invitations_tenant_id_fkey"
      columns: ["tenant_id"]
isOneToOne: false
      referencedRelation: "tenants"
      referencedColumns: ["id"]
    }
                  ]
                },"job_dependencies": {
                  Row: {
                    "batch_id": string,"is_due": boolean,"job_id": string,"needs_job_id": string,"outcome": string | null,"tenant_id": string
                  }
                  ComputedFields: never
                  Insert: {
                    "batch_id": string,"is_due"?: boolean,"job_id": string,"needs_job_id": string,"outcome"?: string | null,"tenant_id": string
                  }
                  Update: {
                    "batch_id"?: string,"is_due"?: boolean,"job_id"?: string,"needs_job_id"?: string,"outcome"?: string | null,"tenant_id"?: string
                  }
                  Relationships: [
                    {
      foreignKeyName: "job_dependencies_tenant_id_batch_id_fkey"
      columns: ["tenant_id","batch_id"]
isOneToOne: false
      referencedRelation: "batches"
      referencedColumns: ["tenant_id","id"]
    }
                  ]
                },"job_events": {
                  Row: {
                    "action": string | null,"batch_id": string,"created_at": string,"current_step": number,"error_code": string | null,"error_message": string | null,"id": string,"job_id": string,"progress": number,"project_id": string,"retries": number,"stage": string | null,"status": string,"task_id": string | null,"tenant_id": string,"total_steps": number,"user_id": string | null
                  }
                  ComputedFields: never
                  Insert: {
                    "action"?: string | null,"batch_id": string,"created_at"?: string,"current_step"?: number,"error_code"?: string | null,"error_message"?: string | null,"id"?: string,"job_id": string,"progress"?: number,"project_id": string,"retries"?: number,"stage"?: string | null,"status": string,"task_id"?: string | null,"tenant_id": string,"total_steps"?: number,"user_id"?: string | null
                  }
                  Update: {
                    "action"?: string | null,"batch_id"?: string,"created_at"?: string,"current_step"?: number,"error_code"?: string | null,"error_message"?: string | null,"id"?: string,"job_id"?: string,"progress"?: number,"project_id"?: string,"retries"?: number,"stage"?: string | null,"status"?: string,"task_id"?: string | null,"tenant_id"?: string,"total_steps"?: number,"user_id"?: string | null
                  }
                  Relationships: [
                    
                  ]
                },"legacy_ids": {
                  Row: {
                    "created_at": string,"entity": string,"id": string,"legacy_id": string,"tenant_id": string
                  }
                  ComputedFields: never
                  Insert: {
                    "created_at"?: string,"entity": string,"id": string,"legacy_id": string,"tenant_id": string
                  }
                  Update: {
                    "created_at"?: string,"entity"?: string,"id"?: string,"legacy_id"?: string,"tenant_id"?: string
                  }
                  Relationships: [
                    {
      foreignKeyName: "legacy_ids_tenant_id_fkey"
      columns: ["tenant_id"]
isOneToOne: false
      referencedRelation: "tenants"
      referencedColumns: ["id"]
    }
                  ]
                },"library_versions": {
                  Row: {
                    "content_keys": (string)[],"created_at": string,"created_by": string | null,"heading": string,"id": string,"item_id": string,"number": number,"points": NonNullable<Json>,"scene_type": string,"tenant_id": string,"visual_description": string,"voiceover_text": string
                  }
                  ComputedFields: never
                  Insert: {
                    "content_keys"?: (string)[],"created_at"?: string,"created_by"?: string | null,"heading": string,"id"?: string,"item_id": string,"number": number,"points": NonNullable<Json>,"scene_type": string,"tenant_id": string,"visual_description": string,"voiceover_text": string
                  }
                  Update: {
                    "content_keys"?: (string)[],"created_at"?: string,"created_by"?: string | null,"heading"?: string,"id"?: string,"item_id"?: string,"number"?: number,"points"?: NonNullable<Json>,"scene_type"?: string,"tenant_id"?: string,"visual_description"?: string,"voiceover_text"?: string
                  }
                  Relationships: [
                    {
      foreignKeyName: "library_versions_tenant_id_item_id_fkey"
      columns: ["tenant_id","item_id"]
isOneToOne: false
      referencedRelation: "content_library"
      referencedColumns: ["tenant_id","id"]
    }
                  ]
                },"memberships": {
                  Row: {
                    "analytics_scope": string,"created_at": string,"role": string,"tenant_id": string,"user_id": string
                  }
                  ComputedFields: never
                  Insert: {
                    "analytics_scope"?: string,"created_at"?: string,"role"?: string,"tenant_id": string,"user_id": string
                  }
                  Update: {
                    "analytics_scope"?: string,"created_at"?: string,"role"?: string,"tenant_id"?: string,"user_id"?: string
                  }
                  Relationships: [
                    {
      foreignKeyName: "memberships_tenant_id_fkey"
      columns: ["tenant_id"]
isOneToOne: false
      referencedRelation: "tenants"
      referencedColumns: ["id"]
    }
                  ]
                },"performance_metrics": {
                  Row: {
                    "click_through_rate": number,"collected_at": string,"comments_count": number,"content_id": string,"derived_metrics": NonNullable<Json>,"dislikes": number,"engagement_rate": number,"id": string,"likes": number,"performance_score": number,"platform": string,"project_id": string,"saves": number,"shares": number,"tenant_id": string,"views": number,"watch_time": number
                  }
                  ComputedFields: never
                  Insert: {
                    "click_through_rate"?: number,"collected_at"?: string,"comments_count"?: number,"content_id": string,"derived_metrics"?: NonNullable<Json>,"dislikes"?: number,"engagement_rate"?: number,"id"?: string,"likes"?: number,"performance_score"?: number,"platform": string,"project_id": string,"saves"?: number,"shares"?: number,"tenant_id": string,"views"?: number,"watch_time"?: number
                  }
                  Update: {
                    "click_through_rate"?: number,"collected_at"?: string,"comments_count"?: number,"content_id"?: string,"derived_metrics"?: NonNullable<Json>,"dislikes"?: number,"engagement_rate"?: number,"id"?: string,"likes"?: number,"performance_score"?: number,"platform"?: string,"project_id"?: string,"saves"?: number,"shares"?: number,"tenant_id"?: string,"views"?: number,"watch_time"?: number
                  }
                  Relationships: [
                    {
      foreignKeyName: "performance_metrics_platform_fkey"
      columns: ["platform"]
isOneToOne: false
      referencedRelation: "platforms"
      referencedColumns: ["platform"]
    },{
      foreignKeyName: "performance_metrics_tenant_id_content_id_fkey"
      columns: ["tenant_id","content_id"]
isOneToOne: false
      referencedRelation: "generated_content"
      referencedColumns: ["tenant_id","id"]
    },{
      foreignKeyName: "performance_metrics_tenant_id_project_id_fkey"
      columns: ["tenant_id","project_id"]
isOneToOne: false
      referencedRelation: "projects"
      referencedColumns: ["tenant_id","id"]
    }
                  ]
                },"platforms": {
                  Row: {
                    "aspect": string,"audio_bit_rate": number,"checked_on": string | null,"height": number,"is_offered": boolean,"label": string,"max_description_chars": number,"max_duration_ms": number,"max_fps": number,"max_gop_frames": number,"max_hashtags": number,"max_size_bytes": number,"max_thumbnail_bytes": number,"max_title_chars": number,"max_video_bit_rate": number,"min_duration_ms": number,"min_fps": number,"platform": string,"refuses_edit_list": boolean,"source": string,"thumbnail_height": number,"thumbnail_width": number,"width": number
                  }
                  ComputedFields: never
                  Insert: {
                    "aspect": string,"audio_bit_rate"?: number,"checked_on"?: string | null,"height": number,"is_offered"?: boolean,"label": string,"max_description_chars"?: number,"max_duration_ms": number,"max_fps"?: number,"max_gop_frames": number,"max_hashtags"?: number,"max_size_bytes": number,"max_thumbnail_bytes"?: number,"max_title_chars"?: number,"max_video_bit_rate": number,"min_duration_ms"?: number,"min_fps"?: number,"platform": string,"refuses_edit_list"?: boolean,"source"?: string,"thumbnail_height": number,"thumbnail_width": number,"width": number
                  }
                  Update: {
                    "aspect"?: string,"audio_bit_rate"?: number,"checked_on"?: string | null,"height"?: number,"is_offered"?: boolean,"label"?: string,"max_description_chars"?: number,"max_duration_ms"?: number,"max_fps"?: number,"max_gop_frames"?: number,"max_hashtags"?: number,"max_size_bytes"?: number,"max_thumbnail_bytes"?: number,"max_title_chars"?: number,"max_video_bit_rate"?: number,"min_duration_ms"?: number,"min_fps"?: number,"platform"?: string,"refuses_edit_list"?: boolean,"source"?: string,"thumbnail_height"?: number,"thumbnail_width"?: number,"width"?: number
                  }
                  Relationships: [
                    
                  ]
                },"project_members": {
                  Row: {
                    "created_at": string,"project_id": string,"role": string,"tenant_id": string,"user_id": string
                  }
                  ComputedFields: never
                  Insert: {
                    "created_at"?: string,"project_id": string,"role"?: string,"tenant_id"?: string,"user_id": string
                  }
                  Update: {
                    "created_at"?: string,"project_id"?: string,"role"?: string,"tenant_id"?: string,"user_id"?: string
                  }
                  Relationships: [
                    {
      foreignKeyName: "project_members_tenant_id_project_id_fkey"
      columns: ["tenant_id","project_id"]
isOneToOne: false
      referencedRelation: "projects"
      referencedColumns: ["tenant_id","id"]
    },{
      foreignKeyName: "project_members_tenant_id_user_id_fkey"
      columns: ["tenant_id","user_id"]
isOneToOne: false
      referencedRelation: "memberships"
      referencedColumns: ["tenant_id","user_id"]
    }
                  ]
                },"projects": {
                  Row: {
                    "created_at": string,"deleted_at": string | null,"id": string,"max_concurrent_tasks": number | null,"metadata": NonNullable<Json>,"name": string,"original_idea": string,"owner_id": string | null,"paused_at": string | null,"paused_by": string | null,"status": string,"target_audience": string | null,"tenant_id": string,"tone": string | null,"updated_at": string,"version": number
                  }
                  ComputedFields: never
                  Insert: {
                    "created_at"?: string,"deleted_at"?: string | null,"id"?: string,"max_concurrent_tasks"?: number | null,"metadata"?: NonNullable<Json>,"name"?: string,"original_idea": string,"owner_id"?: string | null,"paused_at"?: string | null,"paused_by"?: string | null,"status"?: string,"target_audience"?: string | null,"tenant_id"?: string,"tone"?: string | null,"updated_at"?: string,"version"?: number
                  }
                  Update: {
                    "created_at"?: string,"deleted_at"?: string | null,"id"?: string,"max_concurrent_tasks"?: number | null,"metadata"?: NonNullable<Json>,"name"?: string,"original_idea"?: string,"owner_id"?: string | null,"paused_at"?: string | null,"paused_by"?: string | null,"status"?: string,"target_audience"?: string | null,"tenant_id"?: string,"tone"?: string | null,"updated_at"?: string,"version"?: number
                  }
                  Relationships: [
                    {
      foreignKeyName: "projects_tenant_id_fkey"
      columns: ["tenant_id"]
isOneToOne: false
      referencedRelation: "tenants"
      referencedColumns: ["id"]
    },{
      foreignKeyName: "projects_tenant_id_owner_id_fkey"
      columns: ["tenant_id","owner_id"]
isOneToOne: false
      referencedRelation: "memberships"
      referencedColumns: ["tenant_id","user_id"]
    }
                  ]
                },"provider_calls": {
                  Row: {
                    "attempt_id": string,"batch_id": string,"content_key": string,"cost": number,"currency": string | null,"expected_tokens": number,"finished_at": string | null,"id": string,"idempotency_key": string,"job_id": string,"model": string,"not_before": string | null,"number": number,"project_id": string,"provider": string,"request_hash": string,"request_id": string | null,"response": string | null,"reuse_count": number,"stage": string,"started_at": string,"status": string,"task_id": string,"tenant_id": string,"usage": NonNullable<Json>
                  }
                  ComputedFields: never
                  Insert: {
                    "attempt_id": string,"batch_id": string,"content_key": string,"cost"?: number,"currency"?: string | null,"expected_tokens"?: number,"finished_at"?: string | null,"id"?: string,"idempotency_key": string,"job_id": string,"model": string,"not_before"?: string | null,"number"?: number,"project_id": string,"provider": string,"request_hash": string,"request_id"?: string | null,"response"?: string | null,"reuse_count"?: number,"stage": string,"started_at"?: string,"status"?: string,"task_id": string,"tenant_id": string,"usage"?: NonNullable<Json>
                  }
                  Update: {
                    "attempt_id"?: string,"batch_id"?: string,"content_key"?: string,"cost"?: number,"currency"?: string | null,"expected_tokens"?: number,"finished_at"?: string | null,"id"?: string,"idempotency_key"?: string,"job_id"?: string,"model"?: string,"not_before"?: string | null,"number"?: number,"project_id"?: string,"provider"?: string,"request_hash"?: string,"request_id"?: string | null,"response"?: string | null,"reuse_count"?: number,"stage"?: string,"started_at"?: string,"status"?: string,"task_id"?: string,"tenant_id"?: string,"usage"?: NonNullable<Json>
                  }
                  Relationships: [
                    {
      foreignKeyName: "provider_calls_tenant_id_batch_id_fkey"
      columns: ["tenant_id","batch_id"]
isOneToOne: false
      referencedRelation: "batches"
      referencedColumns: ["tenant_id","id"]
    },{
      foreignKeyName: "provider_calls_tenant_id_fkey"
      columns: ["tenant_id"]
isOneToOne: false
      referencedRelation: "tenants"
      referencedColumns: ["id"]
    }
                  ]
                },"provider_prices": {
                  Row: {
                    "amount": number,"currency": string,"id": string,"model": string,"provider": string,"tenant_id": string | null,"unit": string,"valid_from": string
                  }
                  ComputedFields: never
                  Insert: {
                    "amount": number,"currency"?: string,"id"?: string,"model"?: string,"provider": string,"tenant_id"?: string | null,"unit": string,"valid_from"?: string
                  }
                  Update: {
                    "amount"?: number,"currency"?: string,"id"?: string,"model"?: string,"provider"?: string,"tenant_id"?: string | null,"unit"?: string,"valid_from"?: string
                  }
                  Relationships: [
                    {
      foreignKeyName: "provider_prices_tenant_id_fkey"
      columns: ["tenant_id"]
isOneToOne: false
      referencedRelation: "tenants"
      referencedColumns: ["id"]
    }
                  ]
                },"realtime_outbox": {
                  Row: {
                    "batch_id": string | null,"created_at": string,"entity": string,"id": number,"ids": (string)[] | null,"project_id": string | null,"scopes": (string)[],"tenant_id": string,"xact_id": unknown
                  }
                  ComputedFields: never
                  Insert: {
                    "batch_id"?: string | null,"created_at"?: string,"entity": string,"id"?: never,"ids"?: (string)[] | null,"project_id"?: string | null,"scopes": (string)[],"tenant_id": string,"xact_id"?: unknown
                  }
                  Update: {
                    "batch_id"?: string | null,"created_at"?: string,"entity"?: string,"id"?: never,"ids"?: (string)[] | null,"project_id"?: string | null,"scopes"?: (string)[],"tenant_id"?: string,"xact_id"?: unknown
                  }
                  Relationships: [
                    
                  ]
                },"scenes": {
                  Row: {
                    "created_at": string,"duration": number,"duration_ms": number | null,"heading": string,"id": string,"language": string,"platform_specific": NonNullable<Json>,"points": NonNullable<Json>,"scene_number": number,"scene_type": string,"script_id": string,"search": unknown,"tenant_id": string,"visual_description": string,"voiceover_text": string
                  }
                  ComputedFields: never
                  Insert: {
                    "created_at"?: string,"duration": number,"duration_ms"?: number | null,"heading"?: string,"id"?: string,"language"?: string,"platform_specific"?: NonNullable<Json>,"points"?: NonNullable<Json>,"scene_number": number,"scene_type"?: string,"script_id": string,"search"?: never,"tenant_id"?: string,"visual_description": string,"voiceover_text": string
                  }
                  Update: {
                    "created_at"?: string,"duration"?: number,"duration_ms"?: number | null,"heading"?: string,"id"?: string,"language"?: string,"platform_specific"?: NonNullable<Json>,"points"?: NonNullable<Json>,"scene_number"?: number,"scene_type"?: string,"script_id"?: string,"search"?: never,"tenant_id"?: string,"visual_description"?: string,"voiceover_text"?: string
                  }
                  Relationships: [
                    {
      foreignKeyName: "scenes_tenant_id_script_id_fkey"
      columns: ["tenant_id","script_id"]
isOneToOne: false
      referencedRelation: "scripts"
      referencedColumns: ["tenant_id","id"]
    }
                  ]
                },"schedule_runs": {
                  Row: {
                    "batch_id": string | null,"created_at": string,"due_at": string,"error_code": string | null,"error_message": string | null,"id": string,"is_manual": boolean,"problems": Json | null,"schedule_id": string,"status": string,"tenant_id": string
                  }
                  ComputedFields: never
                  Insert: {
                    "batch_id"?: string | null,"created_at"?: string,"due_at": string,"error_code"?: string | null,"error_message"?: string | null,"id"?: string,"is_manual"?: boolean,"problems"?: Json | null,"schedule_id": string,"status"?: string,"tenant_id": string
                  }
                  Update: {
                    "batch_id"?: string | null,"created_at"?: string,"due_at"?: string,"error_code"?: string | null,"error_message"?: string | null,"id"?: string,"is_manual"?: boolean,"problems"?: Json | null,"schedule_id"?: string,"status"?: string,"tenant_id"?: string
                  }
                  Relationships: [
                    {
      foreignKeyName: "schedule_runs_tenant_id_batch_id_fkey"
      columns: ["tenant_id","batch_id"]
isOneToOne: false
      referencedRelation: "batches"
      referencedColumns: ["tenant_id","id"]
    },{
      foreignKeyName: "schedule_runs_tenant_id_schedule_id_fkey"
      columns: ["tenant_id","schedule_id"]
isOneToOne: false
      referencedRelation: "schedules"
      referencedColumns: ["tenant_id","id"]
    }
                  ]
                },"schedules": {
                  Row: {
                    "created_at": string,"cron": string,"id": string,"last_run_at": string | null,"misfire": string,"name": string,"next_run_at": string | null,"options": NonNullable<Json>,"owner_id": string | null,"paused_at": string | null,"paused_by": string | null,"paused_reason": string | null,"project_id": string,"tenant_id": string,"time_zone": string,"topics": NonNullable<Json>,"updated_at": string,"version": number
                  }
                  ComputedFields: never
                  Insert: {
                    "created_at"?: string,"cron": string,"id"?: string,"last_run_at"?: string | null,"misfire"?: string,"name": string,"next_run_at"?: string | null,"options"?: NonNullable<Json>,"owner_id"?: string | null,"paused_at"?: string | null,"paused_by"?: string | null,"paused_reason"?: string | null,"project_id": string,"tenant_id": string,"time_zone"?: string,"topics": NonNullable<Json>,"updated_at"?: string,"version"?: number
                  }
                  Update: {
                    "created_at"?: string,"cron"?: string,"id"?: string,"last_run_at"?: string | null,"misfire"?: string,"name"?: string,"next_run_at"?: string | null,"options"?: NonNullable<Json>,"owner_id"?: string | null,"paused_at"?: string | null,"paused_by"?: string | null,"paused_reason"?: string | null,"project_id"?: string,"tenant_id"?: string,"time_zone"?: string,"topics"?: NonNullable<Json>,"updated_at"?: string,"version"?: number
                  }
                  Relationships: [
                    {
      foreignKeyName: "schedules_tenant_id_owner_id_fkey"
      columns: ["tenant_id","owner_id"]
isOneToOne: false
      referencedRelation: "memberships"
      referencedColumns: ["tenant_id","user_id"]
    },{
      foreignKeyName: "schedules_tenant_id_project_id_fkey"
      columns: ["tenant_id","project_id"]
isOneToOne: false
      referencedRelation: "projects"
      referencedColumns: ["tenant_id","id"]
    }
                  ]
                },"scripts": {
                  Row: {
                    "content": NonNullable<Json>,"created_at": string,"id": string,"job_id": string | null,"language": string,"project_id": string,"script_type": string,"search": unknown,"tenant_id": string,"total_duration": number,"word_count": number
                  }
                  ComputedFields: never
                  Insert: {
                    "content": NonNullable<Json>,"created_at"?: string,"id"?: string,"job_id"?: string | null,"language"?: string,"project_id": string,"script_type"?: string,"search"?: never,"tenant_id"?: string,"total_duration"?: number,"word_count"?: number
                  }
                  Update: {
                    "content"?: NonNullable<Json>,"created_at"?: string,"id"?: string,"job_id"?: string | null,"language"?: string,"project_id"?: string,"script_type"?: string,"search"?: never,"tenant_id"?: string,"total_duration"?: number,"word_count"?: number
                  }
                  Relationships: [
                    {
      foreignKeyName: "scripts_tenant_id_job_id_fkey"
      columns: ["tenant_id","job_id"]
isOneToOne: false
      referencedRelation: "generation_jobs"
      referencedColumns: ["tenant_id","id"]
    },{
      foreignKeyName: "scripts_tenant_id_project_id_fkey"
      columns: ["tenant_id","project_id"]
isOneToOne: false
      referencedRelation: "projects"
      referencedColumns: ["tenant_id","id"]
    }
                  ]
                },"stage_tasks": {
                  Row: {
                    "aspect": string | null,"attempt_id": string | null,"awaits_key": string | null,"batch_id": string,"completed_at": string | null,"content_key": string | null,"created_at": string,"entry_id": number | null,"error_code": string | null,"error_message": string | null,"failure_count": number,"generation": number,"height": number | null,"held_at": string | null,"id": string,"is_reused": boolean,"is_waiting": boolean,"job_id": string,"lane": string,"lost_count": number,"needs": (string)[],"next_step": string | null,"platform": string | null,"position": number,"progress": number,"project_id": string,"queued_at": string | null,"redone_in": number | null,"run_at": string | null,"scene_number": number | null,"stage": string,"started_at": string | null,"status": string,"tenant_id": string,"updated_at": string,"version": number,"width": number | null,"worker_id": string | null
                  }
                  ComputedFields: never
                  Insert: {
                    "aspect"?: string | null,"attempt_id"?: string | null,"awaits_key"?: string | null,"batch_id": string,"completed_at"?: string | null,"content_key"?: string | null,"created_at"?: string,"entry_id"?: number | null,"error_code"?: string | null,"error_message"?: string | null,"failure_count"?: number,"generation"?: number,"height"?: number | null,"held_at"?: string | null,"id"?: string,"is_reused"?: boolean,"is_waiting"?: never,"job_id": string,"lane": string,"lost_count"?: number,"needs"?: (string)[],"next_step"?: string | null,"platform"?: string | null,"position"?: number,"progress"?: number,"project_id": string,"queued_at"?: string | null,"redone_in"?: number | null,"run_at"?: string | null,"scene_number"?: number | null,"stage": string,"started_at"?: string | null,"status"?: string,"tenant_id": string,"updated_at"?: string,"version"?: number,"width"?: number | null,"worker_id"?: string | null
                  }
                  Update: {
                    "aspect"?: string | null,"attempt_id"?: string | null,"awaits_key"?: string | null,"batch_id"?: string,"completed_at"?: string | null,"content_key"?: string | null,"created_at"?: string,"entry_id"?: number | null,"error_code"?: string | null,"error_message"?: string | null,"failure_count"?: number,"generation"?: number,"height"?: number | null,"held_at"?: string | null,"id"?: string,"is_reused"?: boolean,"is_waiting"?: never,"job_id"?: string,"lane"?: string,"lost_count"?: number,"needs"?: (string)[],"next_step"?: string | null,"platform"?: string | null,"position"?: number,"progress"?: number,"project_id"?: string,"queued_at"?: string | null,"redone_in"?: number | null,"run_at"?: string | null,"scene_number"?: number | null,"stage"?: string,"started_at"?: string | null,"status"?: string,"tenant_id"?: string,"updated_at"?: string,"version"?: number,"width"?: number | null,"worker_id"?: string | null
                  }
                  Relationships: [
                    {
      foreignKeyName: "stage_tasks_platform_fkey"
      columns: ["platform"]
isOneToOne: false
      referencedRelation: "platforms"
      referencedColumns: ["platform"]
    },{
      foreignKeyName: "stage_tasks_tenant_id_job_id_fkey"
      columns: ["tenant_id","job_id"]
isOneToOne: false
      referencedRelation: "generation_jobs"
      referencedColumns: ["tenant_id","id"]
    }
                  ]
                },"task_attempts": {
                  Row: {
                    "cost": number | null,"currency": string | null,"error_code": string | null,"error_message": string | null,"finished_at": string | null,"generation": number,"host": string,"id": string,"is_retriable": boolean | null,"job_id": string,"next_step": string | null,"number": number,"started_at": string,"status": string,"task_id": string,"tenant_id": string,"timings": NonNullable<Json>,"worker_id": string
                  }
                  ComputedFields: never
                  Insert: {
                    "cost"?: number | null,"currency"?: string | null,"error_code"?: string | null,"error_message"?: string | null,"finished_at"?: string | null,"generation": number,"host"?: string,"id"?: string,"is_retriable"?: boolean | null,"job_id": string,"next_step"?: string | null,"number": number,"started_at"?: string,"status"?: string,"task_id": string,"tenant_id": string,"timings"?: NonNullable<Json>,"worker_id": string
                  }
                  Update: {
                    "cost"?: number | null,"currency"?: string | null,"error_code"?: string | null,"error_message"?: string | null,"finished_at"?: string | null,"generation"?: number,"host"?: string,"id"?: string,"is_retriable"?: boolean | null,"job_id"?: string,"next_step"?: string | null,"number"?: number,"started_at"?: string,"status"?: string,"task_id"?: string,"tenant_id"?: string,"timings"?: NonNullable<Json>,"worker_id"?: string
                  }
                  Relationships: [
                    {
      foreignKeyName: "task_attempts_job_id_task_id_fkey"
      columns: ["job_id","task_id"]
isOneToOne: false
      referencedRelation: "stage_tasks"
      referencedColumns: ["job_id","id"]
    },{
      foreignKeyName: "task_attempts_tenant_id_job_id_fkey"
      columns: ["tenant_id","job_id"]
isOneToOne: false
      referencedRelation: "generation_jobs"
      referencedColumns: ["tenant_id","id"]
    }
                  ]
                },"tenants": {
                  Row: {
                    "created_at": string,"deleted_at": string | null,"epoch": number,"id": string,"last_batch_number": number,"max_concurrent_tasks": number | null,"name": string,"paused_at": string | null,"paused_by": string | null,"plan": string,"settings": NonNullable<Json>,"updated_at": string
                  }
                  ComputedFields: never
                  Insert: {
                    "created_at"?: string,"deleted_at"?: string | null,"epoch"?: number,"id"?: string,"last_batch_number"?: number,"max_concurrent_tasks"?: number | null,"name": string,"paused_at"?: string | null,"paused_by"?: string | null,"plan"?: string,"settings"?: NonNullable<Json>,"updated_at"?: string
                  }
                  Update: {
                    "created_at"?: string,"deleted_at"?: string | null,"epoch"?: number,"id"?: string,"last_batch_number"?: number,"max_concurrent_tasks"?: number | null,"name"?: string,"paused_at"?: string | null,"paused_by"?: string | null,"plan"?: string,"settings"?: NonNullable<Json>,"updated_at"?: string
                  }
                  Relationships: [
                    
                  ]
                },"webhooks": {
                  Row: {
                    "created_at": string,"created_by": string | null,"description": string,"disabled_reason": string | null,"events": (string)[],"id": string,"is_active": boolean,"tenant_id": string,"updated_at": string,"url": string
                  }
                  ComputedFields: never
                  Insert: {
                    "created_at"?: string,"created_by"?: string | null,"description"?: string,"disabled_reason"?: string | null,"events": (string)[],"id"?: string,"is_active"?: boolean,"tenant_id": string,"updated_at"?: string,"url": string
                  }
                  Update: {
                    "created_at"?: string,"created_by"?: string | null,"description"?: string,"disabled_reason"?: string | null,"events"?: (string)[],"id"?: string,"is_active"?: boolean,"tenant_id"?: string,"updated_at"?: string,"url"?: string
                  }
                  Relationships: [
                    {
      foreignKeyName: "webhooks_tenant_id_fkey"
      columns: ["tenant_id"]
isOneToOne: false
      referencedRelation: "tenants"
      referencedColumns: ["id"]
    }
                  ]
                }
          }
          Views: {
            "members": {
                  Row: {
                    "analytics_scope": string | null,"created_at": string | null,"email": string | null,"is_me": boolean | null,"name": string | null,"role": string | null,"user_id": string | null
                  }
                  ComputedFields: never
                  Relationships: [
                    
                  ]
                },"public_library": {
                  Row: {
                    "created_at": string | null,"duration": number | null,"generic_tags": Json | null,"id": string | null,"is_own": boolean | null,"language": string | null,"preview_text": string | null,"specific_tags": Json | null
                  }
                  ComputedFields: never
                  Relationships: [
                    
                  ]
                }
          }
          Functions: {
            "accept_invitation":
{ Args: { "token": string }; Returns: Json
                           },
"act_on_jobs":
{ Args: { "action": string,"job_ids": (string)[],"lane"?: string,"now"?: boolean,"stage"?: string }; Returns: Json
                           },
"add_library_version":
{ Args: { "changes": Json,"item_id": string }; Returns: Json
                           },
"append_topics":
{ Args: { "batch_id": string,"is_last"?: boolean,"position": number,"topics": Json }; Returns: Json
                           },
"cache_statistics":
{ Args: { "by"?: string,"since"?: string,"until"?: string }; Returns: {
              "bytes_saved": number,"bytes_stored": number,"cost_saved": number,"currency": string,"hit_rate": number,"hits": number,"misses": number,"seconds_saved": number,"seconds_spent": number,"value": string
            }[]
                           },
"cancel_batch":
{ Args: { "batch_id": string }; Returns: Json
                           },
"cancel_job":
{ Args: { "job_id": string }; Returns: Json
                           },
"cancel_project":
{ Args: { "project_id": string }; Returns: Json
                           },
"cancel_tenant":
{ Args: Record<PropertyKey, never>; Returns: Json
                           },
"change_member":
{ Args: { "analytics_scope"?: string,"role"?: string,"user_id": string }; Returns: Json
                           },
"change_schedule":
{ Args: { "changes": Json,"schedule_id": string }; Returns: Json
                           },
"change_webhook":
{ Args: { "changes": Json,"webhook_id": string }; Returns: Json
                           },
"changed_since":
{ Args: { "after_id"?: string,"batch_id"?: string,"max_rows"?: number,"project_id"?: string,"since": string }; Returns: Json
                           },
"check_batch":
{ Args: { "options"?: Json,"position"?: number,"project_id": string,"topics": Json }; Returns: Json
                           },
"collect_garbage":
{ Args: Record<PropertyKey, never>; Returns: Json
                           },
"content_garbage":
{ Args: Record<PropertyKey, never>; Returns: Json
                           },
"content_health":
{ Args: Record<PropertyKey, never>; Returns: Json
                           },
"count_dead_letters":
{ Args: { "batch_id"?: string,"project_id"?: string,"since"?: string,"until"?: string }; Returns: Json
                           },
"create_asset_link":
{ Args: { "content_id": string,"ttl_s"?: number }; Returns: Json
                           },
"create_batch":
{ Args: { "idempotency_key"?: string,"options"?: Json,"project_id": string,"topics": Json }; Returns: Json
                           },
"create_schedule":
{ Args: { "project_id": string,"schedule": Json }; Returns: Json
                           },
"create_tenant":
{ Args: { "name": string }; Returns: Json
                           },
"create_webhook":
{ Args: { "webhook": Json }; Returns: Json
                           },
"curate_library":
{ Args: { "is_dry_run"?: boolean,"policy"?: Json }; Returns: Json
                           },
"delete_schedule":
{ Args: { "schedule_id": string }; Returns: Json
                           },
"delete_tenant":
{ Args: { "tenant_id": string }; Returns: Json
                           },
"delete_webhook":
{ Args: { "webhook_id": string }; Returns: Json
                           },
"discard_letters":
{ Args: { "batch_id"?: string,"error_code"?: string,"job_id"?: string,"project_id"?: string,"reason": string,"since"?: string,"stage"?: string,"task_id"?: string,"until"?: string }; Returns: Json
                           },
"invite_member":
{ Args: { "analytics_scope"?: string,"email": string,"role"?: string }; Returns: Json
                           },
"issue_asset":
{ Args: { "content_id": string,"ttl_s"?: number }; Returns: Json
                           },
"library_uses":
{ Args: { "item_id": string }; Returns: {
              "batch_id": string,"created_at": string,"job_id": string,"project_id": string,"status": string,"topic": string,"version": number
            }[]
                           },
"list_audit":
{ Args: { "action"?: string,"before"?: string,"count"?: number,"door"?: string,"entity"?: string,"entity_id"?: string,"since"?: string,"until"?: string,"user_id"?: string }; Returns: Json
                           },
"list_budget_events":
{ Args: { "before_id"?: string,"max_rows"?: number,"scope_id"?: string }; Returns: Json
                           },
"list_budgets":
{ Args: { "after_id"?: string,"after_scope"?: string,"max_rows"?: number }; Returns: Json
                           },
"list_costs":
{ Args: { "scope"?: string,"scope_id"?: string }; Returns: Json
                           },
"list_damaged":
{ Args: Record<PropertyKey, never>; Returns: {
              "content_key": string,"damaged_at": string,"is_repairing": boolean,"jobs": Json,"size_bytes": number,"stage": string
            }[]
                           },
"list_dead_letters":
{ Args: { "batch_id"?: string,"before"?: string,"before_id"?: string,"count"?: number,"error_code"?: string,"is_discarded"?: boolean,"project_id"?: string,"since"?: string,"stage"?: string,"until"?: string }; Returns: Json
                           },
"list_error_codes":
{ Args: Record<PropertyKey, never>; Returns: {
              "error_code": string,"meaning": string,"next_step": string,"remedy": string
            }[]
                           },
"list_job_pauses":
{ Args: { "before"?: string,"count"?: number,"job_id": string }; Returns: Json
                           },
"list_members":
{ Args: Record<PropertyKey, never>; Returns: {
              "analytics_scope": string,"email": string,"joined_at": string,"role": string,"user_id": string
            }[]
                           },
"list_my_tenants":
{ Args: Record<PropertyKey, never>; Returns: {
              "id": string,"is_active": boolean,"name": string,"plan": string,"role": string
            }[]
                           },
"list_prices":
{ Args: Record<PropertyKey, never>; Returns: Json
                           },
"list_provider_keys":
{ Args: Record<PropertyKey, never>; Returns: Json
                           },
"list_provider_rates":
{ Args: Record<PropertyKey, never>; Returns: Json
                           },
"list_webhook_deliveries":
{ Args: { "before"?: string,"count"?: number,"status"?: string,"webhook_id": string }; Returns: Json
                           },
"pause_batch":
{ Args: { "batch_id": string,"now"?: boolean }; Returns: Json
                           },
"pause_job":
{ Args: { "job_id": string,"now"?: boolean }; Returns: Json
                           },
"pause_project":
{ Args: { "now"?: boolean,"project_id": string }; Returns: Json
                           },
"pause_schedule":
{ Args: { "schedule_id": string }; Returns: Json
                           },
"pause_tenant":
{ Args: { "now"?: boolean }; Returns: Json
                           },
"redeliver":
{ Args: { "delivery_id"?: string,"webhook_id": string }; Returns: Json
                           },
"remember_columns":
{ Args: { "columns": Json }; Returns: undefined
                           },
"remove_brand":
{ Args: { "project_id": string }; Returns: undefined
                           },
"remove_member":
{ Args: { "user_id": string }; Returns: Json
                           },
"remove_project_member":
{ Args: { "project_id": string,"user_id": string }; Returns: Json
                           },
"remove_provider_key":
{ Args: { "provider": string }; Returns: undefined
                           },
"repair_content":
{ Args: { "content_key"?: string }; Returns: Json
                           },
"reschedule_batch":
{ Args: { "batch_id": string,"starts_at": string }; Returns: Json
                           },
"resume_batch":
{ Args: { "batch_id": string }; Returns: Json
                           },
"resume_job":
{ Args: { "job_id": string }; Returns: Json
                           },
"resume_project":
{ Args: { "project_id": string }; Returns: Json
                           },
"resume_schedule":
{ Args: { "schedule_id": string }; Returns: Json
                           },
"resume_tenant":
{ Args: Record<PropertyKey, never>; Returns: Json
                           },
"retry_batch":
{ Args: { "batch_id": string,"status"?: string }; Returns: Json
                           },
"retry_failed":
{ Args: { "batch_id"?: string,"error_code"?: string,"project_id"?: string,"since"?: string,"stage"?: string,"until"?: string }; Returns: Json
                           },
"retry_job":
{ Args: { "changes"?: Json,"job_id": string,"stage"?: string }; Returns: Json
                           },
"retry_task":
{ Args: { "job_id": string,"task_id": string }; Returns: Json
                           },
"revoke_invitation":
{ Args: { "invitation_id": string }; Returns: Json
                           },
"rotate_webhook_secret":
{ Args: { "webhook_id": string }; Returns: Json
                           },
"run_schedule":
{ Args: { "schedule_id": string }; Returns: Json
                           },
"schedule_occurrences":
{ Args: { "ends": string,"starts": string }; Returns: Json
                           },
"set_batch_cap":
{ Args: { "batch_id": string,"max_concurrent_tasks": number }; Returns: Json
                           },
"set_batch_lane":
{ Args: { "batch_id": string,"lane": string }; Returns: Json
                           },
"set_brand":
{ Args: { "colours": Json,"font": string,"logo_corner": string,"logo_size": string,"project_id"?: string }; Returns: Json
                           },
"set_brand_logo":
{ Args: { "logo": Json,"project_id"?: string }; Returns: Json
                           },
"set_budget":
{ Args: { "amount": number,"period"?: string,"scope": string,"scope_id"?: string }; Returns: Json
                           },
"set_deadline":
{ Args: { "batch_id": string,"deadline": string,"on_deadline"?: string }; Returns: Json
                           },
"set_job_deadline":
{ Args: { "deadline": string,"job_id": string,"on_deadline"?: string }; Returns: Json
                           },
"set_job_lane":
{ Args: { "job_id": string,"lane": string }; Returns: Json
                           },
"set_price":
{ Args: { "amount": number,"currency"?: string,"model"?: string,"provider": string,"unit": string,"valid_from"?: string }; Returns: Json
                           },
"set_project_cap":
{ Args: { "max_concurrent_tasks": number,"project_id": string }; Returns: Json
                           },
"set_project_lane":
{ Args: { "lane": string,"project_id": string }; Returns: Json
                           },
"set_project_member":
{ Args: { "project_id": string,"role"?: string,"user_id": string }; Returns: Json
                           },
"set_provider_rate":
{ Args: { "provider": string,"requests_per_minute"?: number,"tokens_per_minute"?: number }; Returns: Json
                           },
"set_tenant_cap":
{ Args: { "max_concurrent_tasks": number }; Returns: Json
                           },
"show_dead_letter":
{ Args: { "job_id": string,"task_id": string }; Returns: Json
                           },
"show_invitation":
{ Args: { "token": string }; Returns: Json
                           },
"start_batch":
{ Args: { "batch_id": string }; Returns: Json
                           },
"start_job":
{ Args: { "job_id": string }; Returns: Json
                           },
"switch_tenant":
{ Args: { "tenant_id": string }; Returns: Json
                           },
"tenant_queues":
{ Args: Record<PropertyKey, never>; Returns: Json
                           },
"tenant_summary":
{ Args: { "time_zone"?: string }; Returns: Json
                           },
"tenant_workers":
{ Args: Record<PropertyKey, never>; Returns: Json
                           },
"test_webhook":
{ Args: { "webhook_id": string }; Returns: Json
                           },
"upcoming_runs":
{ Args: { "count"?: number,"cron": string,"time_zone"?: string }; Returns: Json
                           },
"verify_content":
{ Args: { "content_key"?: string,"sample"?: number }; Returns: Json
                           }
          }
          Enums: {
            [_ in never]: never
          }
          CompositeTypes: {
            [_ in never]: never
          }
        }
}

type DatabaseWithoutInternals = Omit<Database, '__InternalSupabase'>

type DefaultSchema = DatabaseWithoutInternals[Extract<keyof Database, "public">]

export type Tables<
  DefaultSchemaTableNameOrOptions extends
    | keyof (DefaultSchema["Tables"] & DefaultSchema["Views"])
    | { schema: keyof DatabaseWithoutInternals },
  TableName extends DefaultSchemaTableNameOrOptions extends {
    schema: keyof DatabaseWithoutInternals
  }
    ? keyof (DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Tables"] &
        DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Views"])
    : never = never
> = DefaultSchemaTableNameOrOptions extends { schema: keyof DatabaseWithoutInternals }
  ? (DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Tables"] &
      DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Views"])[TableName] extends {
      Row: infer R
    }
    ? R
    : never
  : DefaultSchemaTableNameOrOptions extends keyof (DefaultSchema["Tables"] & DefaultSchema["Views"])
  ? (DefaultSchema["Tables"] & DefaultSchema["Views"])[DefaultSchemaTableNameOrOptions] extends {
      Row: infer R
    }
    ? R
    : never
  : never

export type TablesInsert<
  DefaultSchemaTableNameOrOptions extends
    | keyof DefaultSchema["Tables"]
    | { schema: keyof DatabaseWithoutInternals },
  TableName extends DefaultSchemaTableNameOrOptions extends {
    schema: keyof DatabaseWithoutInternals
  }
    ? keyof DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Tables"]
    : never = never
> = DefaultSchemaTableNameOrOptions extends { schema: keyof DatabaseWithoutInternals }
  ? DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Tables"][TableName] extends {
      Insert: infer I
    }
    ? I
    : never
  : DefaultSchemaTableNameOrOptions extends keyof DefaultSchema["Tables"]
  ? DefaultSchema["Tables"][DefaultSchemaTableNameOrOptions] extends {
      Insert: infer I
    }
    ? I
    : never
  : never

export type TablesUpdate<
  DefaultSchemaTableNameOrOptions extends
    | keyof DefaultSchema["Tables"]
    | { schema: keyof DatabaseWithoutInternals },
  TableName extends DefaultSchemaTableNameOrOptions extends {
    schema: keyof DatabaseWithoutInternals
  }
    ? keyof DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Tables"]
    : never = never
> = DefaultSchemaTableNameOrOptions extends { schema: keyof DatabaseWithoutInternals }
  ? DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Tables"][TableName] extends {
      Update: infer U
    }
    ? U
    : never
  : DefaultSchemaTableNameOrOptions extends keyof DefaultSchema["Tables"]
  ? DefaultSchema["Tables"][DefaultSchemaTableNameOrOptions] extends {
      Update: infer U
    }
    ? U
    : never
  : never

export type Enums<
  DefaultSchemaEnumNameOrOptions extends
    | keyof DefaultSchema["Enums"]
    | { schema: keyof DatabaseWithoutInternals },
  EnumName extends DefaultSchemaEnumNameOrOptions extends {
    schema: keyof DatabaseWithoutInternals
  }
    ? keyof DatabaseWithoutInternals[DefaultSchemaEnumNameOrOptions["schema"]]["Enums"]
    : never = never
> = DefaultSchemaEnumNameOrOptions extends { schema: keyof DatabaseWithoutInternals }
  ? DatabaseWithoutInternals[DefaultSchemaEnumNameOrOptions["schema"]]["Enums"][EnumName]
  : DefaultSchemaEnumNameOrOptions extends keyof DefaultSchema["Enums"]
  ? DefaultSchema["Enums"][DefaultSchemaEnumNameOrOptions]
  : never

export type CompositeTypes<
  PublicCompositeTypeNameOrOptions extends
    | keyof DefaultSchema["CompositeTypes"]
    | { schema: keyof DatabaseWithoutInternals },
  CompositeTypeName extends PublicCompositeTypeNameOrOptions extends {
    schema: keyof DatabaseWithoutInternals
  }
    ? keyof DatabaseWithoutInternals[PublicCompositeTypeNameOrOptions["schema"]]["CompositeTypes"]
    : never = never
> = PublicCompositeTypeNameOrOptions extends { schema: keyof DatabaseWithoutInternals }
  ? DatabaseWithoutInternals[PublicCompositeTypeNameOrOptions["schema"]]["CompositeTypes"][CompositeTypeName]
  : PublicCompositeTypeNameOrOptions extends keyof DefaultSchema["CompositeTypes"]
  ? DefaultSchema["CompositeTypes"][PublicCompositeTypeNameOrOptions]
  : never

export const Constants = {
  "public": {
          Enums: {
            
          }
        }
} as const
