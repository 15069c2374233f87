"""Webhooks out: receivers and what they are told."""

import django.db.models.deletion
import tickets.models.webhook
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('tickets', '0030_mail_out'),
    ]

    operations = [
        migrations.CreateModel(
            name='Webhook',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=80, unique=True, verbose_name='name')),
                ('address', models.CharField(max_length=500, verbose_name='address')),
                ('kinds', models.JSONField(default=list, verbose_name='is told of')),
                ('includes_notes', models.BooleanField(default=False, verbose_name='with internal notes and reasons')),
                ('includes_restricted', models.BooleanField(default=False, verbose_name='with tickets of restricted teams')),
                ('reaches_inside', models.BooleanField(default=False, verbose_name='may reach our own network')),
                ('is_active', models.BooleanField(default=True, verbose_name='in use')),
                ('secret', models.CharField(default=tickets.models.webhook.new_secret, editable=False, max_length=80)),
                ('former_secret', models.CharField(blank=True, editable=False, max_length=80)),
                ('created_at', models.DateTimeField(auto_now_add=True, verbose_name='made')),
                ('failing_since', models.DateTimeField(blank=True, null=True, verbose_name='failing since')),
                ('failures', models.PositiveIntegerField(default=0)),
                ('retry_at', models.DateTimeField(blank=True, null=True, verbose_name='next try')),
            ],
            options={
                'verbose_name': 'webhook',
                'verbose_name_plural': 'webhooks',
                'ordering': ['name'],
            },
        ),
        migrations.CreateModel(
            name='WebhookDelivery',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('delivery_id', models.CharField(default=tickets.models.webhook.new_delivery_id, editable=False, max_length=32, unique=True, verbose_name='delivery')),
                ('kind', models.CharField(max_length=20, verbose_name='kind')),
                ('body', models.TextField(verbose_name='sent')),
                ('status', models.CharField(choices=[('waiting', 'Waiting'), ('delivered', 'Delivered'), ('dead', 'Given up')], default='waiting', max_length=10, verbose_name='status')),
                ('attempts', models.PositiveSmallIntegerField(default=0, verbose_name='tries')),
                ('created_at', models.DateTimeField(verbose_name='written')),
                ('queued_at', models.DateTimeField()),
                ('first_tried_at', models.DateTimeField(blank=True, null=True)),
                ('next_at', models.DateTimeField(verbose_name='next try')),
                ('lease_until', models.DateTimeField(blank=True, null=True)),
                ('delivered_at', models.DateTimeField(blank=True, null=True, verbose_name='delivered')),
                ('response_code', models.PositiveSmallIntegerField(blank=True, null=True, verbose_name='answer')),
                ('response_excerpt', models.TextField(blank=True, verbose_name='answer’s text')),
                ('duration_ms', models.PositiveIntegerField(blank=True, null=True, verbose_name='milliseconds')),
                ('last_error', models.TextField(blank=True, verbose_name='last error')),
                ('event', models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='tickets.ticketevent')),
                ('ticket', models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='tickets.ticket', verbose_name='ticket')),
                ('webhook', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='deliveries', to='tickets.webhook')),
            ],
            options={
                'verbose_name': 'webhook delivery',
                'verbose_name_plural': 'webhook deliveries',
                'ordering': ['-id'],
                'indexes': [models.Index(fields=['webhook', '-id'], name='delivery_log'), models.Index(condition=models.Q(('status', 'waiting')), fields=['webhook', 'next_at'], name='delivery_waiting'), models.Index(condition=models.Q(('status', 'dead')), fields=['webhook', '-id'], name='delivery_dead'), models.Index(condition=models.Q(('status', 'waiting')), fields=['webhook', 'ticket', 'id'], name='delivery_in_order')],
                'constraints': [models.UniqueConstraint(fields=('webhook', 'event'), name='one_delivery_an_event')],
            },
        ),
    ]
